/* SPDX-License-Identifier: MIT */
/*
 * rt_log.h - lines from a PD into the kernel log. For rare, important things only: the kernel limits the rate.
 */
#ifndef VOS_RT_LOG_H
#define VOS_RT_LOG_H

/*
 * One line, printf-like, cut at 200 bytes; the newline is added. What other PDs or guests wrote must not go in here
 * unjudged.
 */
void rt_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
