#!/usr/bin/env python3
"""The client's role for shs1-test: `shs1_client.py NETWORK_KEY SERVER_KEY`."""

import sys

from tests.interop import shs1_role

shs1_role.play(shs1_role.client(sys.argv[1:]))
