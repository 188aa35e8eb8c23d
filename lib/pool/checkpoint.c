/* SPDX-License-Identifier: MIT */
/*
 * checkpoint.c - see checkpoint.h.
 */
#include "checkpoint.h"

#include <string.h>

#include "commit_io.h"
#include "crypt.h"
#include "layout.h"
#include "meta.h"
#include "mirror.h"
#include "node.h"
#include "space.h"

/* A place for a node changes the free map, whose nodes need places too. */
static void place_all(struct pool *p)
{
	bool is_changed;

	nodes_place(p);
	do {
		is_changed = meta_place(p, &p->files[FILE_VOLUMES]);
		is_changed |= meta_place(p, &p->files[FILE_FREE]);
	} while (is_changed && !p->is_failed);
}

void checkpoint_begin(struct pool *p)
{
	struct commit *c = &p->commit;

	c->is_frozen = true;
	c->wants_checkpoint = false;
	list_move_all(&c->running, &c->flushes);
	list_move_all(&c->running, &c->commits);
	c->filling = (struct entries){ .entry = c->filling.entry };
	c->batch++;
	c->file = &p->files[FILE_VOLUMES];
	c->level = c->at = 0;
	place_all(p);
	for (struct list *l = p->dirty.next; l != &p->dirty && !p->is_failed; l = l->next) {
		struct node *n = CONTAINER_OF(l, struct node, link);

		if (n->ref.block != 0)
			commit_io(p, &n->io, POOL_IO_WRITE, device_blocks(n->ref.block, 1), n->bytes);
	}
}

bool checkpoint_table(struct pool *p)
{
	struct commit *c = &p->commit;
	u64 block = meta_next(p, c->file, &c->level, &c->at, c->buffer);

	if (block == 0 && c->file == &p->files[FILE_VOLUMES]) {
		c->file = &p->files[FILE_FREE];
		c->level = c->at = 0;
		block = meta_next(p, c->file, &c->level, &c->at, c->buffer);
	}
	if (block == 0)
		return false;
	commit_io(p, &c->io[0], POOL_IO_WRITE, device_blocks(block, 1), c->buffer);
	return true;
}

void checkpoint_super(struct pool *p)
{
	struct pool_super *s = &p->super;

	s->generation++;
	s->log_seq = p->commit.seq;
	s->volumes = p->files[FILE_VOLUMES].root;
	s->free_map = p->files[FILE_FREE].root;
	s->used_blocks = p->space.used_blocks;
	s->nonces = crypt_nonces_ahead(p);
	s->crc = layout_sum(s, sizeof(*s), offsetof(struct pool_super, crc));
	memset(p->commit.buffer, 0, sizeof(*p->commit.buffer));
	memcpy(p->commit.buffer, s, sizeof(*s));
	commit_io(p, &p->commit.io[0], POOL_IO_WRITE, device_blocks(POOL_SUPER_BLOCK + (s->generation & 1), 1),
		p->commit.buffer);
}

void checkpoint_end(struct pool *p)
{
	struct commit *c = &p->commit;

	crypt_settle(p);
	space_settle(p);
	nodes_settle(p);
	meta_settle(&p->files[FILE_VOLUMES]);
	meta_settle(&p->files[FILE_FREE]);
	c->durable = c->seq - 1;
	c->is_frozen = false;
	jobs_ready(p, &c->space_waiters);
	jobs_ready(p, &p->node_waiters);
	if (p->mirror != NULL)
		regions_settle(p);
}
