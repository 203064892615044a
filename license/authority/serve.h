/* SPDX-License-Identifier: ISC */
/*
 * The service: opens what init made, listens, watches its own health, stops
 * on SIGTERM. It decides nothing.
 */
#ifndef LICENSE_AUTHORITY_SERVE_H
#define LICENSE_AUTHORITY_SERVE_H

struct arguments;
struct output;

/* `serve [--dir D] --listen A ... [--port-file F]` */
int serve_command(const struct arguments *arguments, struct output *output);

#endif
