#!/usr/bin/env python3
"""The server's role for shs1-test: `shs1_server.py NETWORK_KEY SECRET_KEY PUBLIC_KEY`."""

import sys

from tests.interop import shs1_role

shs1_role.play(shs1_role.server(sys.argv[1:]))
