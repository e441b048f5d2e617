/* json.c - checked JSON: reading. The one cJSON door.
 *
 * Idea: json_scan.c checks the tokens, cJSON the grammar; here the two meet. Integers that a double would round were
 * found by the scan; they are hung on their number's item, in the `valuestring` that numbers do not use, where cJSON
 * frees them.
 * Invariant: an epi_json is a cJSON item of a tree that was scanned, so strings hold no NUL and depth is bounded.
 * Ownership: the root owns the tree until epi_json_free(). The hooks of cJSON are the process's and are left alone.
 */
#include <episodic/sys/json.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>

#include "json_scan.h"

/* ---- parsing ---- */

static size_t skip_blanks(const char *text, size_t size, size_t at) {
    while (at < size && strchr(" \t\n\r", text[at]) != NULL) at++;
    return at;
}

/* cJSON says only NULL; malloc says by errno whether memory was the reason. */
static epi_status parse_tree(cJSON **tree, const char *text, size_t size) {
    const char *end = text;
    errno = 0;
    *tree = cJSON_ParseWithLengthOpts(text, size, &end, false);
    size_t at = EPI__MIN((size_t)(end - text), size);
    if (*tree == NULL && errno == ENOMEM) return epi__fail_memory("json", size);
    if (*tree == NULL) return epi__json_fail_at(text, at, "text was not JSON");
    at = skip_blanks(text, size, at);
    if (at == size) return EPI_OK;
    cJSON_Delete(*tree);
    *tree = NULL;
    return epi__json_fail_at(text, at, "something followed the JSON value");
}

/* The long integers still to be placed, and the number of the next number in text order. */
typedef struct placing {
    const epi__json_integer *next;
    const epi__json_integer *end;
    uint64_t ordinal;
} placing;

static bool place_here(cJSON *number, placing *state) {
    if (state->next == state->end || state->next->ordinal != state->ordinal++) return true;
    number->valuestring = cJSON_malloc(sizeof(int64_t));
    if (number->valuestring == NULL) return false;
    memcpy(number->valuestring, &state->next->value, sizeof(int64_t));
    state->next++;
    return true;
}

/* Walks the tree in text order. No deeper than EPI_JSON_DEPTH_MAX, which the scan saw to. */
static bool place_integers(cJSON *item, placing *state) {
    for (; item != NULL && state->next < state->end; item = item->next) {
        if (cJSON_IsNumber(item) && !place_here(item, state)) return false;
        if (!place_integers(item->child, state)) return false;
    }
    return true;
}

static bool place_all(cJSON *tree, const epi__buffer *integers) {
    if (integers->size == 0) return true;
    const epi__json_integer *first = (const void *)integers->data; /* a heap block: aligned for any type */
    placing state = {first, first + integers->size / sizeof(*first), 0};
    return place_integers(tree, &state);
}

epi_status epi_json_parse(epi_json **root, const char *text, size_t size) {
    if (root == NULL) return epi__fail(EPI_EINVAL, "json", "root was NULL");
    *root = NULL;
    if (text == NULL) return epi__fail(EPI_EINVAL, "json", "text was NULL");
    epi__buffer integers = {0};
    cJSON *tree = NULL;
    epi_status status = epi__json_scan(&integers, text, size);
    if (status != EPI_OK) goto out;
    status = parse_tree(&tree, text, size);
    if (status != EPI_OK) goto out;
    if (!place_all(tree, &integers)) status = epi__fail_memory("json", sizeof(int64_t));
out:
    if (status == EPI_OK) {
        *root = (epi_json *)tree;
    } else {
        cJSON_Delete(tree);
    }
    epi__buffer_dispose(&integers);
    return status;
}

void epi_json_free(epi_json *root) {
    cJSON_Delete((cJSON *)root);
}

/* ---- looking ---- */

static const cJSON *item_of(const epi_json *value) {
    return (const cJSON *)value;
}

static const epi_json *value_of(const cJSON *item) {
    return (const epi_json *)item;
}

epi_json_type epi_json_type_of(const epi_json *value) {
    const cJSON *item = item_of(value);
    if (cJSON_IsNull(item)) return EPI_JSON_NULL;
    if (cJSON_IsBool(item)) return EPI_JSON_BOOL;
    if (cJSON_IsNumber(item)) return EPI_JSON_NUMBER;
    if (cJSON_IsString(item)) return EPI_JSON_STRING;
    if (cJSON_IsArray(item)) return EPI_JSON_ARRAY;
    return cJSON_IsObject(item) ? EPI_JSON_OBJECT : EPI_JSON_ABSENT;
}

const epi_json *epi_json_member(const epi_json *object, const char *name) {
    if (name == NULL || !cJSON_IsObject(item_of(object))) return NULL;
    return value_of(cJSON_GetObjectItemCaseSensitive(item_of(object), name));
}

const epi_json *epi_json_first(const epi_json *container) {
    return container != NULL ? value_of(item_of(container)->child) : NULL;
}

const epi_json *epi_json_next(const epi_json *element) {
    return element != NULL ? value_of(item_of(element)->next) : NULL;
}

const char *epi_json_name(const epi_json *member) {
    return member != NULL ? item_of(member)->string : NULL;
}

size_t epi_json_count(const epi_json *container) {
    size_t count = 0;
    for (const epi_json *at = epi_json_first(container); at != NULL; at = epi_json_next(at)) count++;
    return count;
}

const char *epi_json_string(const epi_json *value, size_t *size) {
    const char *text = cJSON_IsString(item_of(value)) ? item_of(value)->valuestring : NULL;
    if (size != NULL) *size = text != NULL ? strlen(text) : 0;
    return text;
}

/* 1e999 is a JSON number that no double holds. */
bool epi_json_number(double *number, const epi_json *value) {
    bool fits = cJSON_IsNumber(item_of(value)) && isfinite(item_of(value)->valuedouble);
    *number = fits ? item_of(value)->valuedouble : 0.0;
    return fits;
}

bool epi_json_integer(int64_t *integer, const epi_json *value) {
    double number;
    *integer = 0;
    if (!epi_json_number(&number, value)) return false;
    if (item_of(value)->valuestring != NULL) {
        memcpy(integer, item_of(value)->valuestring, sizeof(*integer));
        return true;
    }
    /* -2^63 itself would have been kept, so here it stands for something below it that was rounded. */
    if (number <= -0x1p63 || number >= 0x1p63 || number > floor(number)) return false;
    *integer = (int64_t)number;
    return true;
}

bool epi_json_true(const epi_json *value) {
    return cJSON_IsTrue(item_of(value));
}
