/* SPDX-License-Identifier: ISC */
/* Hashed passwords, by crypt(3). Slow on purpose: never on a thread that serves. */
#ifndef EXPORTER_PASSWORD_H
#define EXPORTER_PASSWORD_H

#include <stdbool.h>

bool password_matches(const char *password, const char *hash);

#endif
