#!/bin/sh
# SPDX-License-Identifier: MIT
# Run by the test of scripts: its status is that of the last command.
echo a script
sh -c "exit 7"
