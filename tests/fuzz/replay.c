/* SPDX-License-Identifier: ISC */
/*
 * Feed files to a fuzz target without a fuzzer: each one twice, because the
 * second time meets whatever the first left behind. In a block of exactly its
 * size, so that a sanitizer sees a byte too far.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay(const char *path)
{
	static uint8_t bytes[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	size_t len;

	if (file == NULL) {
		perror(path);
		return -1;
	}
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	for (int i = 0; i < 2; i++) {
		uint8_t *copy = malloc(len == 0 ? 1 : len);

		if (copy == NULL)
			return -1;
		memcpy(copy, bytes, len);
		LLVMFuzzerTestOneInput(copy, len);
		free(copy);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (replay(argv[i]) == -1)
			return 1;
	}
	printf("replayed %d files twice: %s\n", argc - 1, argv[0]);
	return argc < 2;
}
