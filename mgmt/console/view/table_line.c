/* SPDX-License-Identifier: MIT */
/*
 * table_line.c - lines of tables, whose cells stay within the terminal's line. See report_tables.h.
 */
#include <string.h>

#include "report.h"
#include "report_tables.h"

#define FURTHER 4u		/* column where the rest of a line that is too long begins */
#define GAP 2u
#define CELL_BYTES 512u		/* foreign text, each byte as \\xNN */

struct table_line line_begin(const struct out *out)
{
	return (struct table_line){ .out = out };
}

void line_cell(struct table_line *line, s32 width, const char *text, size_t most)
{
	char cell[CELL_BYTES];
	struct out_buffer buffer;
	struct out escaped;
	u32 columns = (u32)(width < 0 ? -width : width), blanks;

	out_buffer_init(&buffer, cell, sizeof(cell));
	escaped = out_to_buffer(&buffer);
	out_escaped_line(&escaped, text, most);
	blanks = buffer.used < columns ? columns - (u32)buffer.used : 0;
	if (width < 0) {
		line->blanks += blanks;
		blanks = 0;
	}
	if (line->at > FURTHER && line->at + line->blanks + buffer.used > REPORT_COLUMNS) {
		out_format(line->out, "\n%*s", (int)FURTHER, "");
		line->at = FURTHER;
		line->blanks = 0;
	}
	out_format(line->out, "%*s", (int)line->blanks, "");
	out_text(line->out, cell);
	line->at += line->blanks + (u32)buffer.used;
	line->blanks = blanks + GAP;
}

void line_end(struct table_line *line)
{
	out_text(line->out, "\n");
}
