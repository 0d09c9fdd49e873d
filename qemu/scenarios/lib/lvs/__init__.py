# SPDX-License-Identifier: GPL-2.0
"""What several programs of the scenarios have in common."""
