#!/bin/bash
# The tool at work.  quickstart calls it with MAILCRYPT, the built tool, and
# MAILCRYPT_HOME and GNUPGHOME, both in a folder that is thrown away afterwards.
set -euo pipefail

"$MAILCRYPT" --version
