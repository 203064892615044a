/* SPDX-License-Identifier: ISC */
/* The loop: order, deadlines, many descriptors, reused numbers. */
#include "license/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "license/base/clock.h"

enum { MS = 1000000, PIPES = 40 };

struct probe {
	struct loop *loop;
	int fds[PIPES];
	int count;
	int64_t at_ns; /* 0: no deadline */
	int stop_after;
	int told;
	int ready;   /* descriptors that fired in the last round */
	int *ticket; /* shared: who was told when */
	int order;
	mono_t now;
};

static void
ask(void *self, struct loop_want *want)
{
	struct probe *p = self;

	for (int i = 0; i < p->count; i++)
		loop_want_fd(want, p->fds[i], POLLIN);
	if (p->at_ns != 0)
		loop_want_at(want, (mono_t){p->at_ns});
}

static void
tell(void *self, const struct loop_got *got)
{
	struct probe *p = self;

	assert_int_equal(got->count, p->count);
	p->ready = 0;
	for (size_t i = 0; i < got->count; i++) {
		assert_int_equal(got->fds[i].fd, p->fds[i]);
		p->ready += (got->fds[i].revents & POLLIN) != 0;
	}
	p->now = got->now;
	if (p->ticket != NULL)
		p->order = ++*p->ticket;
	if (++p->told == p->stop_after)
		loop_stop(p->loop);
}

static struct loop *
loop_with(struct probe *probes, int count)
{
	struct loop *loop = loop_new();

	assert_non_null(loop);
	for (int i = 0; i < count; i++) {
		probes[i].loop = loop;
		loop_add(loop, (struct loop_source){ask, tell, &probes[i]});
	}
	return loop;
}

static void
the_earliest_deadline_wakes_every_source_in_order(void **state)
{
	(void)state;
	int ticket = 0;
	int64_t start = clock_boot().ns;
	struct probe p[3] = {
		{.at_ns = start + 3600LL * 1000 * MS, .ticket = &ticket},
		{.at_ns = start + 30 * MS, .ticket = &ticket, .stop_after = 1},
		{.ticket = &ticket},
	};
	struct loop *loop = loop_with(p, 3);

	assert_int_equal(loop_run(loop), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(p[i].told, 1);
		assert_int_equal(p[i].order, i + 1);
		assert_true(p[i].now.ns >= start + 30 * MS);
	}
	loop_free(loop);
}

static void
a_deadline_that_is_past_does_not_sleep(void **state)
{
	(void)state;
	struct probe p = {.at_ns = 1, .stop_after = 3};
	struct loop *loop = loop_with(&p, 1);

	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(p.told, 3);
	loop_free(loop);
}

static void
each_source_gets_its_own_descriptors_however_many(void **state)
{
	(void)state;
	struct probe p[2] = {{.stop_after = 1}, {.count = 1}};
	int ends[PIPES + 1][2];

	for (int i = 0; i <= PIPES; i++)
		assert_int_equal(pipe(ends[i]), 0);
	for (int i = 0; i < PIPES; i++)
		p[0].fds[p[0].count++] = ends[i][0];
	p[1].fds[0] = ends[PIPES][0];
	assert_int_equal(write(ends[3][1], "x", 1), 1);
	assert_int_equal(write(ends[39][1], "x", 1), 1);
	struct loop *loop = loop_with(p, 2);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(p[0].ready, 2);
	assert_int_equal(p[1].ready, 0);
	loop_free(loop);
	for (int i = 0; i <= PIPES; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
}

struct swapper {
	struct loop *loop;
	int number;
	int rounds;
};

static void
swap_ask(void *self, struct loop_want *want)
{
	loop_want_fd(want, ((struct swapper *)self)->number, POLLIN);
}

/* Close the descriptor and open another one under the same number. */
static void
swap_tell(void *self, const struct loop_got *got)
{
	struct swapper *s = self;
	int ends[2];

	assert_int_equal(got->fds[0].revents & POLLIN, POLLIN);
	if (++s->rounds == 3) {
		loop_stop(s->loop);
		return;
	}
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "y", 1), 1);
	assert_int_equal(dup2(ends[0], s->number), s->number);
	close(ends[0]);
	close(ends[1]);
}

static void
a_descriptor_reopened_under_its_number_is_not_lost(void **state)
{
	(void)state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	struct swapper s = {.loop = loop_new(), .number = ends[0]};
	loop_add(s.loop, (struct loop_source){swap_ask, swap_tell, &s});
	alarm(20);
	assert_int_equal(loop_run(s.loop), 0);
	alarm(0);
	assert_int_equal(s.rounds, 3);
	loop_free(s.loop);
	close(ends[0]);
	close(ends[1]);
}

static void
on_signal(int number)
{
	(void)number;
}

static void
a_signal_does_not_end_the_loop(void **state)
{
	(void)state;
	struct sigaction action = {.sa_handler = on_signal};
	struct probe p = {.at_ns = clock_boot().ns + 1500LL * MS,
		.stop_after = 1};
	int64_t start = clock_boot().ns;
	struct loop *loop = loop_with(&p, 1);

	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(p.told, 1);
	assert_true(p.now.ns - start >= 1400LL * MS);
	signal(SIGALRM, SIG_DFL);
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_earliest_deadline_wakes_every_source_in_order),
		cmocka_unit_test(a_deadline_that_is_past_does_not_sleep),
		cmocka_unit_test(
		    each_source_gets_its_own_descriptors_however_many),
		cmocka_unit_test(
		    a_descriptor_reopened_under_its_number_is_not_lost),
		cmocka_unit_test(a_signal_does_not_end_the_loop),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
