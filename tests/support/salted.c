/* The tests' own encoder; see salted.h. */
#include "salted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

void salted_vector(float *vector, const salted *s, const char *text, size_t size) {
    uint64_t state = 1469598103934665603ull;
    double square = 0.0;
    for (const char *at = s->name; *at; at++) state = mix(state ^ (uint8_t)*at);
    for (size_t i = 0; i < size; i++) state = mix(state ^ (uint8_t)text[i]);
    for (uint32_t i = 0; i < s->dimension; i++) {
        state = mix(state + 0x9E3779B97F4A7C15ull);
        vector[i] = (float)(state >> 40) / (float)(1u << 24) - 0.5f;
        square += (double)vector[i] * (double)vector[i];
    }
    for (uint32_t i = 0; i < s->dimension; i++) vector[i] = (float)((double)vector[i] / sqrt(square));
}

static int holds(const epi_encoder_text *text, const char *part) {
    size_t size = part ? strlen(part) : 0;
    for (size_t at = 0; size && at + size <= text->size; at++)
        if (memcmp(text->data + at, part, size) == 0) return 1;
    return 0;
}

static epi_status encode(void *context, float *vectors, const epi_encoder_text *texts, size_t count) {
    salted *s = context;
    s->calls++;
    if (s->batch_us) usleep(s->batch_us);
    if (s->failing) return epi_encoder_fail((epi_status)s->failing, "it was told to fail");
    for (size_t i = 0; i < count; i++) {
        if (holds(&texts[i], s->poison)) return epi_encoder_fail(EPI_EINVAL, "this text is refused");
        salted_vector(vectors + i * s->dimension, s, texts[i].data, texts[i].size);
        s->texts++;
    }
    return EPI_OK;
}

static void closed(void *context) {
    ((salted *)context)->closed++;
}

epi_encoder salted_encoder(salted *s) {
    epi_encoder encoder = epi_encoder_default();
    encoder.name = "salted";
    encoder.parameters = s->name;
    encoder.dimension = s->dimension;
    encoder.batch_max = 64;
    encoder.encode = encode;
    encoder.close = closed;
    encoder.context = s;
    return encoder;
}
