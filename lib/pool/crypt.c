/* SPDX-License-Identifier: MIT */
/*
 * crypt.c - see crypt.h.
 */
#include "crypt.h"

#include <string.h>

#include "range.h"
#include "volume.h"

#define AHEAD (1u << 20)	/* more than a log names entries */

void crypt_init(struct pool *p)
{
	p->crypt.ahead = AHEAD;
}

void crypt_begin(struct pool *p)
{
	p->crypt.next = p->crypt.end = p->super.nonces;
}

u64 crypt_nonces_ahead(const struct pool *p)
{
	return min_u64(p->crypt.next + p->crypt.ahead, POOL_NONCES);
}

void crypt_settle(struct pool *p)
{
	p->crypt.end = p->super.nonces;
}

bool crypt_take_nonce(struct pool *p, struct task *t)
{
	struct crypt *c = &p->crypt;

	if (c->next == POOL_NONCES) {
		task_finish(p, t, POOL_READ_ONLY);
		return false;
	}
	if (c->next >= c->end) {
		task_drop(p, t);
		task_restart(t);
		p->commit.wants_checkpoint |= !p->commit.is_frozen;
		job_wait(&p->commit.room_waiters, &t->job);
		job_ready(p, &p->commit.job);
		return false;
	}
	memcpy(t->new_seal.nonce, &c->cipher.salt, sizeof(c->cipher.salt));
	memcpy(t->new_seal.nonce + sizeof(c->cipher.salt), &c->next, sizeof(c->next));
	c->next++;
	return true;
}

static struct pool_sealing sealing_of(struct task *t, const struct pool_granule *g, struct pool_seal *seal)
{
	return (struct pool_sealing){
		.cipher = t->volume->r.cipher, .seal = seal, .data = t->bounce,
		.bound = { .line = t->volume->r.crypto, .birth = g->birth, .granule = t->granule },
	};
}

void crypt_seal(struct pool *p, struct task *t)
{
	struct pool_sealing s = sealing_of(t, &t->new, &t->new_seal);

	p->crypt.cipher.seal(p->crypt.cipher.context, &s);
}

bool crypt_open(struct pool *p, struct task *t)
{
	struct pool_sealing s = sealing_of(t, &t->old, &t->old_seal);

	return p->crypt.cipher.open(p->crypt.cipher.context, &s);
}

void pool_unlock(struct pool *p, const struct pool_cipher *cipher)
{
	p->crypt.cipher = *cipher;
}

bool pool_is_locked(const struct pool *p, const struct pool_record *r)
{
	return r->kind == POOL_ENCRYPTED && !crypt_has_cipher(p, r->cipher);
}

const struct pool_key_slot *pool_key_slot(const struct pool *p, u32 at)
{
	return &p->super.key[at];
}

enum pool_status pool_key_slot_set(struct pool *p, u32 at, const struct pool_key_slot *slot)
{
	enum pool_status status = volume_may_change(p);

	if (status != POOL_OK)
		return status;
	if ((p->label.features & POOL_FEATURE_ENCRYPTED) == 0)
		return POOL_UNKNOWN;
	p->super.key[at] = *slot;
	p->commit.wants_checkpoint = true;
	return POOL_OK;
}
