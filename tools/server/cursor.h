/* cursor.h - opaque places in long lists. A cursor holds a position and a hash of the arguments it belongs to, so that
 * it goes on with the list that it came from and no other.
 */
#ifndef SERVER_CURSOR_H
#define SERVER_CURSOR_H

#include <episodic/sys/json.h>

#define CURSOR_SIZE 40u

/** @param list what is listed. @param arguments of the call; the members "cursor", "limit" and "budget" do not
 *  count. */
char *cursor_write(char out[CURSOR_SIZE], const char *list, const epi_json *arguments, uint64_t position);
/** @return false when it is none, or one of another list or other arguments. */
bool cursor_read(uint64_t *position, const char *cursor, const char *list, const epi_json *arguments);

#endif
