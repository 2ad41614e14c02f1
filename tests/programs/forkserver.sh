#!/bin/sh
# SPDX-License-Identifier: MIT
exec kinds forkserver
