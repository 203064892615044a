/* SPDX-License-Identifier: ISC */
/* A password from a file of the operator's, for as long as it is needed. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "license/base/buf.h"
#include "license/base/file.h"
#include "license/keeper/keeper.h"

bool
fastnetmon_password(const char *path, char out[FASTNETMON_PASSWORD_SIZE],
    struct buf *why)
{
	struct stat st;
	struct buf text;

	buf_init(&text, FASTNETMON_PASSWORD_SIZE - 1);
	bool good = stat(path, &st) == 0 && file_read(path, &text) == 0;
	if (!good)
		buf_printf(why, "%s: %s", path, strerror(errno));
	else if ((st.st_mode & (S_IROTH | S_IWOTH)) != 0)
		buf_printf(why, "%s: everybody may read it; chmod 0640 it",
		    path);
	text_copy(out, FASTNETMON_PASSWORD_SIZE, buf_text(&text));
	out[strcspn(out, "\r\n")] = '\0';
	if (text.data != NULL)
		explicit_bzero(text.data, text.size);
	buf_fini(&text);
	return why->len == 0;
}
