/* encoder.c - calling encoders through their table: what is checked before and behind each call. */
#include <string.h>

#include "../math/math.h"
#include "../text/text.h"
#include "encode.h"
#include "remote.h"

#define MODULE "encode"
#define BATCH_MAX 65536u

epi_status epi_encoder_fail(epi_status status, const char *message) {
    return status ? epi__fail(status, MODULE, "%s", message ? message : "the encoder failed") : EPI_OK;
}

void epi_encoder_close(epi_encoder *encoder) {
    if (!encoder) return;
    if (encoder->close) encoder->close(encoder->context);
    memset(encoder, 0, sizeof *encoder);
}

static epi_status check_text(const char *what, const char *text, size_t least, size_t most) {
    size_t size = text ? strlen(text) : 0;
    if (size < least) return epi__fail(EPI_EINVAL, MODULE, "the encoder has no %s", what);
    if (size > most)
        return epi__fail(EPI_ELIMIT, MODULE, "the encoder's %s has %zu bytes, limit %zu", what, size, most);
    return epi__utf8_check(MODULE, what, text ? text : "", size);
}

epi_status epi__encoder_check(const epi_encoder *encoder) {
    if (!encoder) return epi__fail(EPI_EINVAL, MODULE, "the encoder was NULL");
    if (encoder->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "the encoder has version %u, expected 1", encoder->version);
    EPI__TRY(check_text("name", encoder->name, 1, EPI_NAME_SIZE_MAX));
    EPI__TRY(check_text("parameters", encoder->parameters, 0, EPI_METADATA_SIZE_MAX));
    EPI__TRY(check_text("source", encoder->source, 0, EPI_TITLE_SIZE_MAX));
    if (!encoder->encode) return epi__fail(EPI_EINVAL, MODULE, "encoder \"%s\" has no encode", encoder->name);
    if (encoder->dimension == 0 || encoder->dimension > EPI_DIMENSION_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "encoder \"%s\" has dimension %u, limits 1 and %u", encoder->name,
                         encoder->dimension, EPI_DIMENSION_MAX);
    return EPI_OK;
}

/* What an encoder returns is the caller's code: NaN in the store would break every later comparison. */
static epi_status accept(bool *present, float *vector, const epi_encoder *encoder, bool unit) {
    if (!epi__math_all_finite(vector, encoder->dimension))
        return epi__fail(EPI_ENUMBER, MODULE, "encoder \"%s\" returned a vector with NaN or infinities", encoder->name);
    *present = false;
    for (uint32_t i = 0; i < encoder->dimension && !*present; i++) *present = vector[i] != 0.0f;
    if (*present && unit) *present = epi__math_normalise(vector, encoder->dimension);
    return EPI_OK;
}

epi_status epi__encoder_run(float *vectors, bool *present, const epi_encoder *encoder, const epi_encoder_text *texts,
                            size_t count, bool unit) {
    size_t batch = encoder->batch_max ? EPI__MIN(encoder->batch_max, BATCH_MAX) : EPI_ENCODER_BATCH_DEFAULT;
    memset(vectors, 0, count * encoder->dimension * sizeof *vectors);
    for (size_t at = 0; at < count; at += batch)
        EPI__TRY(encoder->encode(encoder->context, vectors + at * encoder->dimension, texts + at,
                                 EPI__MIN(batch, count - at)));
    for (size_t i = 0; i < count; i++) EPI__TRY(accept(&present[i], vectors + i * encoder->dimension, encoder, unit));
    return EPI_OK;
}

static bool is(epi__view view, const char *text) {
    return view.size == strlen(text) && memcmp(view.data, text, view.size) == 0;
}

epi_status epi__encoder_reopen(epi_encoder *encoder, epi__view name, epi__view source, uint32_t dimension) {
    *encoder = epi_encoder_default();
    if (is(name, "hash")) return epi_encoder_hash(encoder, dimension);
    if (is(name, "static") && source.size > 0) return epi_encoder_static(encoder, source.data); /* ends with a NUL */
    if (is(name, "remote")) return epi__remote_reopen(encoder, source);
    return EPI_ENOTFOUND;
}
