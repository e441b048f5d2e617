/* http.h - posting JSON over HTTP and HTTPS, several requests at once, behind the one libcurl door.
 *
 * An epi__http is one address with its key and limits, and the connections to it, which stay open between requests. It
 * is one thread's at a time; any number may exist. Redirects are not followed, certificates are always verified, other
 * protocols do not exist. SIGPIPE never reaches the process.
 */
#ifndef EPI_NET_HTTP_H
#define EPI_NET_HTTP_H

#include "../base/base.h"

typedef struct epi__http epi__http;

typedef struct epi__http_options {
    const char *url;
    const char *key;     /* sent as a bearer token; NULL: none */
    const char *ca_file; /* certificates to trust, PEM; NULL: the system's */
    size_t answer_size_max;
} epi__http_options;

typedef struct epi__http_post {
    epi__view body;      /* borrowed until the post is done or cancelled */
    uint32_t timeout_ms; /* for the whole exchange */
    void *tag;           /* the caller's */
    epi__buffer answer;  /* the caller disposes of it; emptied by epi__http_begin() */
    epi_status status; /* EPI_OK: an answer came, whatever its code. EPI_EIO no connection, or it broke · EPI_ETIMEOUT
                             · EPI_EPERMISSION the certificate is not trusted · EPI_ELIMIT the answer is too large ·
                             EPI_ENOMEM */
    unsigned code;     /* of HTTP */
    uint64_t retry_after_ms; /* what the server asked for; 0: nothing */
    char why[192];           /* of a status */
    size_t size_max;         /* from here on the door's own */
    void *easy;
} epi__http_post;

/* EPI_EINVAL: not an http or https address, one with a user or password in it, or a key would go over a network in the
 * clear. */
epi_status epi__http_check(const char *url, bool has_key);

/* EPI_EINVAL EPI_ENOMEM. Copies what the options point to. */
epi_status epi__http_new(epi__http **http, const epi__http_options *options);
void epi__http_free(epi__http *http); /* cancels what is under way */

epi_status epi__http_begin(epi__http *http, epi__http_post *post);
/* *done: one that is done; NULL: none was within wait_ms. */
epi_status epi__http_wait(epi__http_post **done, epi__http *http, uint32_t wait_ms);
void epi__http_cancel(epi__http *http, epi__http_post *post); /* one that is not under way is let be */

#endif
