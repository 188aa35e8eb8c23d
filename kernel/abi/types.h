/* SPDX-License-Identifier: MIT */
/*
 * types.h - the basic types that every room shares.
 *
 * Addresses of different kinds are one-member structs, so that mixing them does not compile:
 * a guest physical address (GPA) is what a guest calls physical memory, a host physical address
 * (HPA) is real memory and is never seen outside ring 0.
 */
#ifndef VOS_TYPES_H
#define VOS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef struct { u64 raw; } gpa_t;	/* guest physical address */
typedef struct { u64 raw; } hpa_t;	/* host physical address; ring 0 only */

#define GPA(x) ((gpa_t){ (x) })
#define HPA(x) ((hpa_t){ (x) })

#define PAGE_SHIFT 12u
#define PAGE_SIZE 4096ull
#define PAGE_SIZE_2M (1ull << 21)
#define PAGE_SIZE_1G (1ull << 30)

#define KIB (1ull << 10)
#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* For the compiler: what nearly always or hardly ever holds. On the exit path only. */
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BIT64(n) (1ull << (n))
#define BIT32(n) (1u << (n))

#endif
