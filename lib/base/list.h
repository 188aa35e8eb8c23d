/* SPDX-License-Identifier: MIT */
/*
 * list.h - a doubly linked list whose links lie in the listed structures. An empty list or an unlisted link points at
 * itself.
 */
#ifndef VOS_LIST_H
#define VOS_LIST_H

#include "types.h"

#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

/* Insert `item` before `at`; with the head as `at`, at the end. */
static inline void list_insert_before(struct list *at, struct list *item)
{
	item->next = at;
	item->prev = at->prev;
	at->prev->next = item;
	at->prev = item;
}

/* Harmless for an item that is in no list. */
static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

#endif
