/* error.c - the thread's last error: a status, a module and one line of text.
 *
 * Idea: a failure is recorded where it is found, by the code that knows the value and the limit; callers above only
 * pass the status on. Each thread has one slot, so recording never allocates and never fails.
 * Invariant: the message is one line of UTF-8 with no control characters, however hostile the arguments were.
 * Ownership: the slot belongs to the thread; a pointer from epi_error_last() is overwritten by the next failure.
 */
#include "base.h"

#include <errno.h>
#include <stdio.h>

#define MESSAGE_SIZE 512u

static _Thread_local char last_message[MESSAGE_SIZE];
static _Thread_local epi_error last_error = {EPI_OK, "", ""};

static const struct {
    epi_status status;
    const char *name;
    const char *text;
} statuses[] = {
    {EPI_OK, "EPI_OK", "success"},
    {EPI_EINVAL, "EPI_EINVAL", "invalid argument"},
    {EPI_ENOMEM, "EPI_ENOMEM", "out of memory"},
    {EPI_EINTERNAL, "EPI_EINTERNAL", "defect in the library"},
    {EPI_ECLOSED, "EPI_ECLOSED", "already closed"},
    {EPI_EFORK, "EPI_EFORK", "opened before fork"},
    {EPI_EBUSY, "EPI_EBUSY", "busy"},
    {EPI_ETIMEOUT, "EPI_ETIMEOUT", "timed out"},
    {EPI_EUNSUPPORTED, "EPI_EUNSUPPORTED", "not supported"},
    {EPI_EDONE, "EPI_EDONE", "no more elements"},
    {EPI_ECANCELLED, "EPI_ECANCELLED", "cancelled by the caller"},
    {EPI_EUTF8, "EPI_EUTF8", "invalid UTF-8"},
    {EPI_ENUMBER, "EPI_ENUMBER", "not a finite number"},
    {EPI_EDIMENSION, "EPI_EDIMENSION", "wrong dimension"},
    {EPI_EZERO, "EPI_EZERO", "zero vector"},
    {EPI_EROLE, "EPI_EROLE", "no such role"},
    {EPI_ETYPE, "EPI_ETYPE", "wrong type"},
    {EPI_ELIMIT, "EPI_ELIMIT", "limit passed"},
    {EPI_EJSON, "EPI_EJSON", "invalid JSON"},
    {EPI_EFORMAT, "EPI_EFORMAT", "unexpected file format"},
    {EPI_ENOTFOUND, "EPI_ENOTFOUND", "not found"},
    {EPI_EEXISTS, "EPI_EEXISTS", "exists already"},
    {EPI_ECONFLICT, "EPI_ECONFLICT", "exists with other content"},
    {EPI_ESTALE, "EPI_ESTALE", "no longer valid"},
    {EPI_ESCHEMA, "EPI_ESCHEMA", "other schema"},
    {EPI_EMISMATCH, "EPI_EMISMATCH", "open with other options"},
    {EPI_EENDED, "EPI_EENDED", "episode has ended"},
    {EPI_EIO, "EPI_EIO", "input or output error"},
    {EPI_EDISKFULL, "EPI_EDISKFULL", "disk full"},
    {EPI_EMAPFULL, "EPI_EMAPFULL", "map full"},
    {EPI_EQUOTA, "EPI_EQUOTA", "quota used up"},
    {EPI_EREADERS, "EPI_EREADERS", "too many readers"},
    {EPI_EDAMAGED, "EPI_EDAMAGED", "damaged record"},
    {EPI_EVERSION, "EPI_EVERSION", "written by a newer release"},
    {EPI_EREADONLY, "EPI_EREADONLY", "read-only"},
    {EPI_EPERMISSION, "EPI_EPERMISSION", "permission denied"},
    {EPI_ENOTMEMORY, "EPI_ENOTMEMORY", "not a memory"},
};

const epi_error *epi_error_last(void) {
    return &last_error;
}

const char *epi_status_name(epi_status status) {
    for (size_t i = 0; i < EPI__COUNT(statuses); i++) {
        if (statuses[i].status == status) return statuses[i].name;
    }
    return "EPI_E?";
}

const char *epi_status_text(epi_status status) {
    for (size_t i = 0; i < EPI__COUNT(statuses); i++) {
        if (statuses[i].status == status) return statuses[i].text;
    }
    return "unknown status";
}

/* Makes the message one line of UTF-8: control bytes become blanks, broken sequences (a %s of hostile bytes, or the cut
 * at the end of the slot) become '?'. */
static void make_printable(char *message) {
    unsigned char *p = (unsigned char *)message;
    size_t left = strlen(message);
    while (left > 0) {
        size_t size = epi__utf8_sequence(p, left);
        if (size == 0) {
            *p = '?';
            size = 1;
        } else if (*p < 0x20 || *p == 0x7F) {
            *p = ' ';
        }
        p += size;
        left -= size;
    }
}

epi_status (epi__fail)(epi_status status, const char *module, const char *format, ...) {
    char text[MESSAGE_SIZE]; /* apart from the slot, which may be among the arguments */
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (written < 0) text[0] = '\0';
    make_printable(text);
    memcpy(last_message, text, sizeof(text));
    last_error = (epi_error){status, module, last_message};
    return status;
}

epi_status (epi__fail_memory)(const char *module, size_t size) {
    return epi__fail(EPI_ENOMEM, module, "%zu bytes could not be allocated", size);
}

static epi_status status_of_errno(int error) {
    switch (error) {
    case ENOSPC:
    case EDQUOT: return EPI_EDISKFULL;
    case EACCES:
    case EPERM:
    case EROFS: return EPI_EPERMISSION;
    case ENOENT:
    case ENOTDIR: return EPI_ENOTFOUND;
    case ENOMEM: return EPI_ENOMEM;
    default: return EPI_EIO;
    }
}

epi_status (epi__fail_errno)(const char *module, int error, const char *what, const char *path) {
    char room[128];
    const char *reason = strerror_r(error, room, sizeof(room)); /* the GNU one: returns the text */
    epi_status status = status_of_errno(error);
    if (path == NULL) return epi__fail(status, module, "%s failed: %s", what, reason);
    return epi__fail(status, module, "%s failed: %s: %s", what, path, reason);
}
