"""Whom we know, who is in contact, and whom to dial next: state and decisions, no I/O, no clock.

`entry` is one address with what is known of it, in the names of ssb-conn; `book` holds those that are kept
(conn.json), `staging` those that were only noticed, `hub` those in contact; `pools` keeps the three in step.
`groups` says who counts as what and how long a failure puts off, `scheduler` decides, `why` tells the reason.
`legacy` shows it all as ssb-gossip did. Times are ms since 1970, chance is a number from 0 to 1.
"""
