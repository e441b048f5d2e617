/* json.h - checked JSON for tools and bindings: the library's one door to its JSON parser.
 *
 * Stricter than the parser behind it: text must be valid UTF-8 with no NUL and no \u0000, nothing may follow the value,
 * names are compared with case, depth and size are capped, numbers that are 64-bit integers keep every digit.
 */
#ifndef EPISODIC_SYS_JSON_H
#define EPISODIC_SYS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <episodic/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EPI_JSON_DEPTH_MAX 256
#define EPI_JSON_SIZE_MAX (1024u * 1024u * 1024u)

typedef enum epi_json_type {
    EPI_JSON_ABSENT = 0, /**< what accessors say of NULL */
    EPI_JSON_NULL,
    EPI_JSON_BOOL,
    EPI_JSON_NUMBER,
    EPI_JSON_STRING,
    EPI_JSON_ARRAY,
    EPI_JSON_OBJECT
} epi_json_type;

/** A value inside a document. All accessors take NULL and answer "absent", so lookups chain. */
typedef struct epi_json epi_json;

/** Parses one JSON text. The root owns all below it; free with epi_json_free().
 * @return EPI_OK · EPI_EJSON not JSON, with line and column · EPI_EUTF8 · EPI_ELIMIT size or depth · EPI_ENOMEM */
EPI_API epi_status epi_json_parse(epi_json **root, const char *text, size_t size);
EPI_API void epi_json_free(epi_json *root);

EPI_API epi_json_type epi_json_type_of(const epi_json *value); /**< EPI_JSON_ABSENT of NULL */
/** Case-sensitive; NULL if absent. Of members with the same name the first; epi_json_next() visits all. */
EPI_API const epi_json *epi_json_member(const epi_json *object, const char *name);
EPI_API const epi_json *epi_json_first(const epi_json *container); /**< first element or member */
EPI_API const epi_json *epi_json_next(const epi_json *element);    /**< NULL after the last */
EPI_API const char *epi_json_name(const epi_json *member); /**< name of an object's member; NULL otherwise */
EPI_API size_t epi_json_count(const epi_json *container);  /**< elements or members; O(n) */
EPI_API const char *epi_json_string(const epi_json *value, size_t *size); /**< NULL unless a string; size may be NULL */
EPI_API bool epi_json_number(double *number, const epi_json *value); /**< false unless a number that a double holds */
/** False unless a whole number in range. Exact when written as an integer; with a point or exponent, up to 2^53. */
EPI_API bool epi_json_integer(int64_t *integer, const epi_json *value);
EPI_API bool epi_json_true(const epi_json *value); /**< only of the value true */

/** Writes JSON into a growing text; no tree is built. Commas and escapes are its business, order is the caller's.
 * Invalid UTF-8 is written as U+FFFD. Numbers: the first of 15, 16 or 17 digits that reads back the same; NaN and
 * infinities become null. A NULL writer is written to without effect. */
typedef struct epi_json_writer epi_json_writer;
EPI_API epi_status epi_json_writer_new(epi_json_writer **writer, bool pretty);
EPI_API void epi_json_writer_free(epi_json_writer *writer);
/** In all of these, name is NULL inside arrays and at the root. */
EPI_API void epi_json_begin_object(epi_json_writer *writer, const char *name);
EPI_API void epi_json_begin_array(epi_json_writer *writer, const char *name);
EPI_API void epi_json_end(epi_json_writer *writer);
EPI_API void epi_json_put_string(epi_json_writer *writer, const char *name, const char *text, size_t size);
EPI_API void epi_json_put_integer(epi_json_writer *writer, const char *name, int64_t value);
EPI_API void epi_json_put_unsigned(epi_json_writer *writer, const char *name, uint64_t value);
EPI_API void epi_json_put_number(epi_json_writer *writer, const char *name, double value);
EPI_API void epi_json_put_bool(epi_json_writer *writer, const char *name, bool value);
EPI_API void epi_json_put_null(epi_json_writer *writer, const char *name);
/** What is JSON already, unchecked. */
EPI_API void epi_json_put_raw(epi_json_writer *writer, const char *name, const char *json, size_t size);
/** The text so far, NUL-terminated; NULL after an allocation failed or a call that no JSON follows from (a name in an
 * array, none in an object, a second root, an end too many, too deep). Borrowed until the writer's next call. */
EPI_API const char *epi_json_writer_text(size_t *size, epi_json_writer *writer);
EPI_API void epi_json_writer_clear(epi_json_writer *writer); /**< for the next line of JSONL */

#ifdef __cplusplus
}
#endif
#endif
