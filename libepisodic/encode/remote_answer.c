/* remote_answer.c - the JSON of the remote encoder: what is asked, and what counts as an answer. Nothing of an answer
 * is believed: it is another machine's.
 */
#include <math.h>
#include <stdio.h>

#include "remote.h"

#define MODULE "encode"
#define NUMBER_SIZE_MAX 32u  /* bytes of JSON for one number */
#define VECTOR_SIZE_MAX 512u /* and for what is around a vector */
#define ANSWER_SIZE_MIN 65536u

const char *epi__remote_body(size_t *size, epi_json_writer *writer, const epi__remote *remote,
                             const epi_encoder_text *texts, size_t count) {
    epi_json_writer_clear(writer);
    epi_json_begin_object(writer, NULL);
    epi_json_put_string(writer, "model", remote->options.model, strlen(remote->options.model));
    if (remote->options.send_dimension) epi_json_put_unsigned(writer, "dimensions", remote->options.dimension);
    epi_json_begin_array(writer, "input");
    for (size_t i = 0; i < count; i++) epi_json_put_string(writer, NULL, texts[i].data, texts[i].size);
    epi_json_end(writer);
    epi_json_end(writer);
    return epi_json_writer_text(size, writer);
}

size_t epi__remote_answer_size_max(const epi__remote *remote) {
    size_t vector = (size_t)remote->options.dimension * NUMBER_SIZE_MAX + VECTOR_SIZE_MAX;
    return ANSWER_SIZE_MIN + remote->options.batch * vector;
}

/* ---- vectors ----------------------------------------------------------------------------------------------------- */

static epi_status read_vector(float *vector, const epi_json *embedding, uint32_t dimension, int64_t index) {
    size_t at = 0, count = epi_json_count(embedding);
    bool any = false;
    if (epi_json_type_of(embedding) != EPI_JSON_ARRAY)
        return epi__fail(EPI_EFORMAT, MODULE, "element %lld of the answer has no embedding", (long long)index);
    if (count != dimension)
        return epi__fail(EPI_EDIMENSION, MODULE, "the answer has vectors of %zu elements, expected %u", count,
                         dimension);
    for (const epi_json *next = epi_json_first(embedding); next; next = epi_json_next(next), at++) {
        double number = 0.0;
        if (!epi_json_number(&number, next) || !isfinite((float)number))
            return epi__fail(EPI_EFORMAT, MODULE, "element %zu of vector %lld of the answer is no finite number", at,
                             (long long)index);
        vector[at] = (float)number;
        any |= vector[at] < 0.0f || vector[at] > 0.0f;
    }
    return any ? EPI_OK : epi__fail(EPI_EZERO, MODULE, "vector %lld of the answer is all zeros", (long long)index);
}

static epi_status read_elements(float *vectors, bool *seen, const epi_json *data, uint32_t dimension, size_t count) {
    for (const epi_json *element = epi_json_first(data); element; element = epi_json_next(element)) {
        int64_t index = -1;
        if (!epi_json_integer(&index, epi_json_member(element, "index")) || index < 0 || (uint64_t)index >= count)
            return epi__fail(EPI_EFORMAT, MODULE, "an element of the answer has no index, or index %lld of %zu",
                             (long long)index, count);
        if (seen[index]) return epi__fail(EPI_EFORMAT, MODULE, "index %lld is twice in the answer", (long long)index);
        seen[index] = true;
        EPI__TRY(
            read_vector(vectors + (size_t)index * dimension, epi_json_member(element, "embedding"), dimension, index));
    }
    return EPI_OK;
}

static epi_status read_data(float *vectors, const epi_json *data, uint32_t dimension, size_t count) {
    if (epi_json_type_of(data) != EPI_JSON_ARRAY) return epi__fail(EPI_EFORMAT, MODULE, "the answer has no data");
    size_t found = epi_json_count(data);
    if (found != count) return epi__fail(EPI_EFORMAT, MODULE, "the answer has %zu vectors, expected %zu", found, count);
    bool *seen = epi__alloc_zero(count, sizeof *seen);
    if (!seen) return epi__fail_memory(MODULE, count);
    epi_status status = read_elements(vectors, seen, data, dimension, count);
    epi__free(seen);
    return status;
}

epi_status epi__remote_read(float *vectors, const epi__remote *remote, const epi__buffer *answer, size_t count) {
    epi_json *root = NULL;
    char why[128];
    epi_status status = epi_json_parse(&root, answer->data ? (const char *)answer->data : "", answer->size);
    if (status == EPI_ENOMEM) return status;
    if (status) {
        (void)snprintf(why, sizeof why, "%s", epi_error_last()->message);
        return epi__fail(EPI_EFORMAT, MODULE, "the answer is not JSON: %s", why);
    }
    status = read_data(vectors, epi_json_member(root, "data"), remote->options.dimension, count);
    epi_json_free(root);
    return status;
}

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

/* Servers that know a key like to repeat it, or parts of it; so nothing is repeated that is said about keys, nor
 * anything that has the beginning of this one. */
static bool may_repeat(const epi__remote *remote, const epi__http_post *post, const char *text) {
    char beginning[5] = "";
    if (post->code == 401 || post->code == 403) return false;
    if (!remote->key) return true;
    (void)snprintf(beginning, sizeof beginning, "%s", remote->key);
    return strstr(text, beginning) == NULL;
}

void epi__remote_reason(char *why, size_t size, const epi__remote *remote, const epi__http_post *post) {
    epi_json *root = NULL;
    why[0] = '\0';
    if (!post->answer.data || epi_json_parse(&root, (const char *)post->answer.data, post->answer.size)) return;
    const epi_json *error = epi_json_member(root, "error");
    const char *text = epi_json_string(error, NULL); /* Ollama's form; OpenAI's is an object */
    if (!text) text = epi_json_string(epi_json_member(error, "message"), NULL);
    if (text && may_repeat(remote, post, text)) (void)snprintf(why, size, ": %s", text);
    epi_json_free(root);
}
