/* SPDX-License-Identifier: ISC */
/* A descriptor by which a thread that sleeps is woken. */
#ifndef LICENSE_BASE_WAKER_H
#define LICENSE_BASE_WAKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

int waker_new(void); /* to be closed; -1 with errno */
void waker_wake(int fd);

/* waker_wait: until woken, or ${ms} are over; below 0: for ever. */
void waker_wait(int fd, int64_t ms);

/* waker_thread: one that takes no signal meant for the program. */
bool waker_thread(pthread_t *out, void *(*run)(void *arg), void *arg);

#endif
