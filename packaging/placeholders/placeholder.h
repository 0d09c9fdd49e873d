/* SPDX-License-Identifier: GPL-2.0 */
/* What placeholders refer to, and so depend on. */
#ifndef LVS_PLACEHOLDER_H
#define LVS_PLACEHOLDER_H

extern const char lvs_in_place_of_ip_vs;
extern const char ip_vs_placeholder;

#endif
