/* SPDX-License-Identifier: ISC */
/*
 * Text made fit for HTML. Whatever a license or an authority says goes
 * through here; markup is written by hand beside it. It knows no license.
 */
#ifndef EXPORTER_HTML_H
#define EXPORTER_HTML_H

struct buf;

/*
 * html_text: ${text} as characters, also inside a quoted attribute. What is
 * no UTF-8, a control character or turns a line's direction becomes U+FFFD.
 */
void html_text(struct buf *out, const char *text);

#endif
