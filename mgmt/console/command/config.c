/* SPDX-License-Identifier: MIT */
/*
 * config.c - see config.h.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "disk_arg.h"
#include "out.h"
#include "range.h"
#include "syscalls.h"

#define CONFIG_WORD_BYTES (CMDLINE_BYTES + 64u)
#define FROM_COMMAND_LINE \
	(ARG_BIT(ARG_NAME) | ARG_BIT(ARG_WAIT) | ARG_BIT(ARG_DRY_RUN) | ARG_BIT(ARG_QUIET) | ARG_BIT(ARG_JSON))
#define CREATE command_named("create-vm")
#define KEYS (CREATE->takes & ~FROM_COMMAND_LINE)

/* Blocks that are made by a command of their own, whose flags are their keys. */
static const struct block {
	const char *word, *verb;
	enum arg name;
	u32 most;
	const char *keys;
} blocks[] = {
	{ "switch", "create-switch", ARG_SWITCH, SWITCHES, "a switch has uplink alone" },
	{ "router", "create-router", ARG_ROUTER, ROUTERS, "a router has outer, inner and forward" },
};
#define BLOCK_KINDS ARRAY_COUNT(blocks)
#define VM_KEYS "keys are create-vm's flags"
_Static_assert(ROUTERS <= SWITCHES, "parser.block_names");

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_STRING, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_SEMICOLON, TOKEN_BAD };

struct parser {
	const struct config_ops *ops;
	const char *text;
	size_t length, at, line_start;
	u32 line;
	/* the token in hand */
	enum token_kind kind;
	u32 token_line, token_column;
	size_t token_at;
	char word[CONFIG_WORD_BYTES];
	const char *bad;	/* TOKEN_BAD: why */
	/* names seen, to find doubles */
	u32 name_count;
	char names[VM_COUNT][VM_NAME_BYTES];
	u32 block_count[BLOCK_KINDS];
	char block_names[BLOCK_KINDS][SWITCHES][VM_NAME_BYTES];
	arg_set keys;			/* of the block in hand */
	const char *keys_text;		/* what they are */
	struct args defaults, vm, block;
	struct cmd_error error;
};

static void step(struct parser *p)
{
	if (p->text[p->at++] == '\n') {
		p->line++;
		p->line_start = p->at;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct parser *p)
{
	while (p->at < p->length) {
		if (p->text[p->at] == '#')
			while (p->at < p->length && p->text[p->at] != '\n')
				p->at++;
		else if (is_blank(p->text[p->at]))
			step(p);
		else
			break;
	}
}

static void bad(struct parser *p, const char *why)
{
	p->kind = TOKEN_BAD;
	p->bad = why;
}

static void read_string(struct parser *p)
{
	size_t used = 0;

	p->kind = TOKEN_STRING;
	for (p->at++; p->at < p->length && p->text[p->at] != '"'; step(p)) {
		if (p->text[p->at] == '\n' || p->text[p->at] == 0) {
			bad(p, "the quote is not closed on its line");
			return;
		}
		if (p->text[p->at] == '\\' && p->at + 1 < p->length &&
			(p->text[p->at + 1] == '"' || p->text[p->at + 1] == '\\'))
			p->at++;
		if (used < sizeof(p->word) - 1)
			p->word[used++] = p->text[p->at];
		else
			bad(p, "the text is too long");
	}
	p->word[used] = 0;
	if (p->at == p->length)
		bad(p, "the quote is not closed");
	else
		p->at++;
}

static void read_word(struct parser *p)
{
	size_t used = 0;

	p->kind = TOKEN_WORD;
	for (; p->at < p->length && !is_blank(p->text[p->at]) && !strchr("{};#\"", p->text[p->at]); p->at++) {
		if (used < sizeof(p->word) - 1)
			p->word[used++] = p->text[p->at];
		else
			bad(p, "the word is too long");
	}
	p->word[used] = 0;
	if (used == 0) {	/* a zero byte: strchr finds it */
		p->at++;
		bad(p, "this is not text");
	}
}

static void advance(struct parser *p)
{
	char c;

	skip_blanks(p);
	p->token_line = p->line;
	p->token_at = p->at;
	p->token_column = (u32)(p->at - p->line_start) + 1;
	p->word[0] = 0;
	if (p->at == p->length) {
		p->kind = TOKEN_END;
		return;
	}
	c = p->text[p->at];
	if (c == '"') {
		read_string(p);
	} else if (c == '{' || c == '}' || c == ';') {
		p->kind = c == '{' ? TOKEN_OPEN : c == '}' ? TOKEN_CLOSE : TOKEN_SEMICOLON;
		p->at++;
	} else {
		read_word(p);
	}
}

/* Report the token in hand. Always false. */
static bool mistake(struct parser *p, const char *text)
{
	p->ops->mistake(p->ops->context, p->token_line, p->token_column, p->kind == TOKEN_BAD ? p->bad : text);
	return false;
}

/* Go on behind the block that a mistake was in. */
static void skip_block(struct parser *p)
{
	while (p->kind != TOKEN_END && p->kind != TOKEN_CLOSE)
		advance(p);
	if (p->kind == TOKEN_CLOSE)
		advance(p);
}

static enum arg key_named(const struct parser *p, const char *word)
{
	for (u32 i = 0; i < ARG_COUNT; i++)
		if ((p->keys & ARG_BIT(i)) && strcmp(arg_specs[i].name, word) == 0)
			return (enum arg)i;
	return ARG_COUNT;
}

static bool parse_value(struct parser *p, struct args *args, enum arg key)
{
	char text[80];

	if (p->kind != TOKEN_WORD && p->kind != TOKEN_STRING) {
		snprintf(text, sizeof(text), "%s needs a value", arg_specs[key].name);
		return mistake(p, text);
	}
	if (!args_set(args, key, p->word, &p->error))
		return mistake(p, p->error.text);
	advance(p);
	if (p->kind == TOKEN_SEMICOLON)
		advance(p);
	else if (p->kind != TOKEN_CLOSE)
		return mistake(p, arg_specs[key].type != TYPE_TEXT ? "a ; or } is missing here" :
			"a ; or } is missing here (a text with blanks needs quotes)");
	return true;
}

/* { key value; ... }, the brace in hand; afterwards the token behind it is. */
static bool parse_block(struct parser *p, struct args *args, arg_set keys, const char *keys_text)
{
	char text[120];

	p->keys = keys;
	p->keys_text = keys_text;
	if (p->kind != TOKEN_OPEN)
		return mistake(p, "a { is missing here");
	advance(p);
	while (p->kind != TOKEN_CLOSE) {
		enum arg key = p->kind == TOKEN_WORD ? key_named(p, p->word) : ARG_COUNT;

		if (p->kind == TOKEN_END)
			return mistake(p, "a } is missing at the end");
		if (key == ARG_COUNT) {
			snprintf(text, sizeof(text), "\"%.40s\" is not a key: %s", p->word, p->keys_text);
			return mistake(p, p->kind == TOKEN_WORD ? text : "a key such as cpu or memory is missing here");
		}
		advance(p);
		if (!parse_value(p, args, key))
			return false;
	}
	advance(p);
	return true;
}

static bool is_double(struct parser *p)
{
	for (u32 i = 0; i < p->name_count; i++)
		if (strcmp(p->names[i], p->word) == 0)
			return true;
	return false;
}

static bool parse_name(struct parser *p)
{
	if (p->kind != TOKEN_WORD && p->kind != TOKEN_STRING)
		return mistake(p, "the name of the VM is missing here");
	if (!args_set(&p->vm, ARG_NAME, p->word, &p->error))
		return mistake(p, p->error.text);
	if (is_double(p))
		return mistake(p, "there is a VM of that name already");
	if (p->name_count == VM_COUNT)
		return mistake(p, "there are too many VMs");
	memcpy(p->names[p->name_count++], p->vm.name, VM_NAME_BYTES);
	advance(p);
	return true;
}

/* What `default` said holds where the VM says nothing; a VM with its own kernel has its own initrd and command line
 * too. */
static void fill_in(struct args *vm, const struct args *defaults)
{
	struct vm_spec *spec = &vm->spec;
	const struct vm_spec *from = &defaults->spec;
	arg_set missing = defaults->given & ~vm->given;

	if (args_has(vm, ARG_KERNEL))
		missing &= ~(ARG_BIT(ARG_KERNEL) | ARG_BIT(ARG_INITRD) | ARG_BIT(ARG_CMDLINE) | ARG_BIT(ARG_MODULE));
	if (missing & ARG_BIT(ARG_CLASS))
		spec->share.class = from->share.class;
	if (spec->share.class == SCHED_CLASS_RT)	/* which has no weight */
		missing &= ~ARG_BIT(ARG_WEIGHT);
	spec_merge(spec, from, fields_of_args(missing));
	vm->given |= missing;
}

static bool parse_vm(struct parser *p)
{
	args_init(&p->vm, CREATE);
	advance(p);
	if (!parse_name(p) || !parse_block(p, &p->vm, KEYS, VM_KEYS))
		return false;
	fill_in(&p->vm, &p->defaults);
	disk_add_nvram(&p->vm.spec);
	p->ops->vm(p->ops->context, &p->vm);
	return true;
}

static bool block_mistake(struct parser *p, const char *text, const struct block *block)
{
	char full[80];

	snprintf(full, sizeof(full), text, block->word);
	return mistake(p, full);
}

static bool parse_block_name(struct parser *p, u32 kind)
{
	const struct block *block = &blocks[kind];

	if (p->kind != TOKEN_WORD && p->kind != TOKEN_STRING)
		return block_mistake(p, "the name of the %s is missing here", block);
	if (!args_set(&p->block, block->name, p->word, &p->error))
		return mistake(p, p->error.text);
	for (u32 i = 0; i < p->block_count[kind]; i++)
		if (strcmp(p->block_names[kind][i], p->word) == 0)
			return block_mistake(p, "there is a %s of that name already", block);
	if (p->block_count[kind] == block->most)
		return block_mistake(p, "there is no room for another %s", block);
	memcpy(p->block_names[kind][p->block_count[kind]++], p->block.name, VM_NAME_BYTES);
	advance(p);
	return true;
}

static bool has_all(struct parser *p, const struct command *command)
{
	for (u32 i = 0; i < ARG_COUNT; i++)
		if (command->needs & ~p->block.given & ARG_BIT(i)) {
			char text[80];

			snprintf(text, sizeof(text), "the key %s is missing in the block that ends here",
				arg_specs[i].name);
			return mistake(p, text);
		}
	return true;
}

static bool parse_made(struct parser *p, u32 kind)
{
	const struct command *command = command_named(blocks[kind].verb);
	arg_set keys = command->takes & ~(FROM_COMMAND_LINE | ARG_BIT(blocks[kind].name));

	p->ops->has_networks(p->ops->context);
	args_init(&p->block, command);
	advance(p);
	if (!parse_block_name(p, kind) || !parse_block(p, &p->block, keys, blocks[kind].keys) || !has_all(p, command))
		return false;
	p->ops->network(p->ops->context, &p->block);
	return true;
}

/* networks none; */
static bool parse_networks(struct parser *p)
{
	advance(p);
	if (p->kind != TOKEN_WORD || strcmp(p->word, "none") != 0)
		return mistake(p, "`networks none;` is expected here");
	advance(p);
	if (p->kind != TOKEN_SEMICOLON)
		return mistake(p, "a ; is missing here");
	advance(p);
	p->ops->has_networks(p->ops->context);
	return true;
}

static bool parse_statement(struct parser *p)
{
	if (p->kind == TOKEN_WORD && strcmp(p->word, "vm") == 0)
		return parse_vm(p);
	for (u32 i = 0; i < BLOCK_KINDS; i++)
		if (p->kind == TOKEN_WORD && strcmp(p->word, blocks[i].word) == 0)
			return parse_made(p, i);
	if (p->kind == TOKEN_WORD && strcmp(p->word, "networks") == 0)
		return parse_networks(p);
	if (p->kind == TOKEN_WORD && strcmp(p->word, "default") == 0) {
		args_init(&p->defaults, CREATE);
		advance(p);
		return parse_block(p, &p->defaults, KEYS, VM_KEYS);
	}
	return mistake(p, "`vm NAME { ... }`, `switch NAME { ... }`, `router NAME { ... }`, `networks none;` or "
		"`default { ... }` is expected here");
}

/* A statement begins at the token in hand, and ends before the one behind it. */
static void parse_next(struct parser *p)
{
	size_t from = p->token_at;
	bool is_right = parse_statement(p);

	if (!is_right)
		skip_block(p);
	if (p->ops->statement)
		p->ops->statement(p->ops->context, (struct config_span){ (u32)from, (u32)p->token_at }, is_right);
}

void config_parse(const char *text, size_t length, const struct config_ops *ops)
{
	static struct parser parser;
	struct parser *p = &parser;

	memset(p, 0, sizeof(*p));
	p->ops = ops;
	p->text = text;
	p->length = length;
	p->line = 1;
	args_init(&p->defaults, CREATE);
	advance(p);
	while (p->kind != TOKEN_END)
		parse_next(p);
}
