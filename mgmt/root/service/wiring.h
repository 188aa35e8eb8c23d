/* SPDX-License-Identifier: MIT */
/*
 * wiring.h - hands out the handles by which root, services and VMMs signal each other.
 */
#ifndef VOS_WIRING_H
#define VOS_WIRING_H

#include "status.h"
#include "vm.h"

/* All rows of wires.h, and the console with all VMMs that live. Handles to threads that are gone are replaced, the
 * others stay; a row whose parties are not both up is left for later. */
enum status wiring_connect(void) MUST_CHECK;

/* A VMM has been made: let it and the console, and if it has disks it and the store, signal each other. */
enum status wiring_connect_vm(const struct vm *vm) MUST_CHECK;
/* The latter alone: it gets its first disk while it runs. */
enum status wiring_connect_store(const struct vm *vm) MUST_CHECK;

#endif
