/* SPDX-License-Identifier: ISC */
/*
 * The one-shot mode, for while the agent is down: configuration and files
 * are read, one reading verb is answered, nothing is written.
 */
#ifndef AGENT_ONCE_H
#define AGENT_ONCE_H

#include <stddef.h>

/*
 * once_run: ${words} as given to fcli, answer to standard output and error.
 * Returns the exit code of fcli.
 */
int once_run(const char *config_path, size_t count, const char *const *words);

#endif
