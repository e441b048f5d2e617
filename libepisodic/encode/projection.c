/* projection.c - see <episodic/projection.h>.
 *
 * A projection is mean, factor (one over the standard deviation, or one) and directions, which are orthonormal rows.
 * Orthogonal iteration: the directions are multiplied by the sample's covariance, which is never formed (X'(X q), row
 * by row), and made orthonormal again. Distances do not depend on the axes within the space, so no eigenvectors are
 * computed. Whoever opens one has the very numbers it was learned with: its bytes are what is kept.
 *
 *   bytes  "epiproj1" · size u32 · dimension u32 · kind u32 · 0 u32 · kept f64 · mean · factor · directions, each as
 *          float32 (no directions for the identity) · checksum u64 of all before; little-endian
 */
#include <episodic/projection.h>

#include <math.h>

#include "../math/math.h"

#define MODULE "encode"
#define HEADER_SIZE 32u
#define DEVIATION_MIN 1e-12

struct epi_projection {
    epi_projection_kind kind;
    size_t size, dimension;
    double kept;
    float *mean, *factor, *directions; /* dimension x size; NULL for the identity */
    epi__buffer bytes;
};

static epi_status check_options(epi_projection_options *o, size_t size) {
    if (o->version != 1 || (unsigned)o->kind > EPI_PROJECTION_IDENTITY)
        return epi__fail(EPI_EINVAL, MODULE, "the options of a projection have version %u and kind %u", o->version,
                         (unsigned)o->kind);
    if (size == 0 || size > EPI_DIMENSION_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "observations have %zu elements, limits 1 and %u", size,
                         EPI_DIMENSION_MAX);
    if (o->dimension == 0) o->dimension = (uint32_t)EPI__MAX(size / 4, 1u);
    if (o->kind == EPI_PROJECTION_IDENTITY) o->dimension = (uint32_t)size;
    if (o->dimension > size)
        return epi__fail(EPI_ELIMIT, MODULE, "a projection to %u elements, limit is the observation's %zu",
                         o->dimension, size);
    if (o->rounds == 0) o->rounds = EPI_PROJECTION_ROUNDS_DEFAULT;
    return o->rounds <= EPI_PROJECTION_ROUNDS_MAX
               ? EPI_OK
               : epi__fail(EPI_ELIMIT, MODULE, "rounds is %u, limit %u", o->rounds, EPI_PROJECTION_ROUNDS_MAX);
}

static epi_status make(epi_projection **made, epi_projection_kind kind, size_t size, size_t dimension) {
    epi_projection *p = epi__alloc_zero(1, sizeof *p);
    *made = p;
    if (!p) return epi__fail_memory(MODULE, sizeof *p);
    p->kind = kind;
    p->size = size;
    p->dimension = dimension;
    p->mean = epi__alloc_zero(size, sizeof *p->mean);
    p->factor = epi__alloc_zero(size, sizeof *p->factor);
    bool whole = kind == EPI_PROJECTION_IDENTITY;
    if (!whole) p->directions = epi__alloc_zero(dimension * size, sizeof *p->directions);
    return p->mean && p->factor && (whole || p->directions)
               ? EPI_OK
               : epi__fail_memory(MODULE, dimension * size * sizeof(float));
}

void epi_projection_free(epi_projection *p) {
    if (!p) return;
    epi__free(p->mean);
    epi__free(p->factor);
    epi__free(p->directions);
    epi__buffer_dispose(&p->bytes);
    epi__free(p);
}

/* ---- learning ---------------------------------------------------------------------------------------------------- */

struct sample {
    const float *given;
    float *rows; /* centred and scaled */
    size_t count, step;
};

static void centre(float *out, const epi_projection *p, const float *row) {
    for (size_t j = 0; j < p->size; j++) out[j] = (row[j] - p->mean[j]) * p->factor[j];
}

/* Mean and deviation of each element, in two passes; one that never changes says nothing, and gets factor 0. */
static epi_status measure(epi_projection *p, const struct sample *s, bool scale) {
    bool any = false;
    for (size_t j = 0; j < p->size; j++) {
        double sum = 0.0, square = 0.0;
        for (size_t i = 0; i < s->count; i++) sum += (double)s->given[i * s->step * p->size + j];
        double mean = sum / (double)s->count;
        for (size_t i = 0; i < s->count; i++) {
            double d = (double)s->given[i * s->step * p->size + j] - mean;
            square += d * d;
        }
        double deviation = sqrt(square / (double)s->count);
        bool varies = deviation > DEVIATION_MIN * (1.0 + fabs(mean));
        any |= varies;
        p->mean[j] = (float)mean;
        p->factor[j] = !varies ? 0.0f : scale ? (float)(1.0 / deviation) : 1.0f;
        if (!isfinite(p->mean[j]) || !isfinite(p->factor[j]))
            return epi__fail(EPI_ENUMBER, MODULE, "element %zu of the observations is too large or too small", j);
    }
    return any ? EPI_OK : epi__fail(EPI_EINVAL, MODULE, "all %zu observations are equal", s->count);
}

/* Modified Gram-Schmidt, twice ("twice is enough", Giraud et al. 2005). What vanishes is drawn anew: the sample has
 * fewer directions than were asked for. */
static void orthonormalise(float *q, size_t count, size_t size, epi__random *random) {
    for (size_t i = 0; i < count; i++) {
        float *row = q + i * size;
        for (unsigned tries = 0; tries < 8; tries++) {
            (void)epi__math_normalise(row, size);
            for (size_t twice = 0; twice < 2; twice++) {
                for (size_t j = 0; j < i; j++) {
                    float along = epi__math_dot(row, q + j * size, size);
                    for (size_t k = 0; k < size; k++) row[k] -= along * q[j * size + k];
                }
            }
            if (epi__math_dot(row, row, size) > 1e-8f && epi__math_normalise(row, size)) break;
            for (size_t k = 0; k < size; k++) row[k] = (float)epi__random_normal(random);
        }
    }
}

/* next = q C, C being the sample's covariance up to a factor that orthonormalising takes away. */
static void multiply(float *next, const float *q, const struct sample *s, float *along, size_t count, size_t size) {
    memset(next, 0, count * size * sizeof *next);
    for (size_t i = 0; i < s->count; i++) {
        const float *row = s->rows + i * size;
        epi__math_dot_rows(along, row, q, count, size);
        for (size_t j = 0; j < count; j++)
            for (size_t k = 0; k < size; k++) next[j * size + k] += along[j] * row[k];
    }
}

static double kept_of(const epi_projection *p, const struct sample *s, float *along) {
    double kept = 0.0, all = 0.0;
    for (size_t i = 0; i < s->count; i++) {
        const float *row = s->rows + i * p->size;
        epi__math_dot_rows(along, row, p->directions, p->dimension, p->size);
        kept += (double)epi__math_dot(along, along, p->dimension);
        all += (double)epi__math_dot(row, row, p->size);
    }
    return all > 0.0 ? EPI__MIN(kept / all, 1.0) : 0.0;
}

/* A common factor changes no direction, and keeps products within what a float holds. */
static void tame(struct sample *s, size_t size) {
    double square = 0.0;
    for (size_t i = 0; i < s->count * size; i++) square += (double)s->rows[i] * (double)s->rows[i];
    float factor = (float)(1.0 / sqrt(square / (double)(s->count * size)));
    for (size_t i = 0; i < s->count * size && isfinite(factor); i++) s->rows[i] *= factor;
}

static epi_status find_directions(epi_projection *p, struct sample *s, const epi_projection_options *o) {
    size_t elements = p->dimension * p->size;
    epi__random random = epi__random_seed(o->seed);
    float *next = epi__realloc(NULL, elements, sizeof *next), *along = epi__realloc(NULL, p->dimension, sizeof *along);
    s->rows = epi__realloc(NULL, s->count * p->size, sizeof *s->rows);
    epi_status status = next && along && s->rows ? EPI_OK : epi__fail_memory(MODULE, s->count * p->size * sizeof *next);
    for (size_t i = 0; !status && i < s->count; i++) centre(s->rows + i * p->size, p, s->given + i * s->step * p->size);
    for (size_t i = 0; !status && i < elements; i++) p->directions[i] = (float)epi__random_normal(&random);
    if (!status) tame(s, p->size);
    if (!status) orthonormalise(p->directions, p->dimension, p->size, &random);
    for (uint32_t round = 0; !status && o->kind == EPI_PROJECTION_LEARNED && round < o->rounds; round++) {
        multiply(next, p->directions, s, along, p->dimension, p->size);
        memcpy(p->directions, next, elements * sizeof *next);
        orthonormalise(p->directions, p->dimension, p->size, &random);
    }
    if (!status) p->kept = kept_of(p, s, along);
    float stretch = o->kind == EPI_PROJECTION_RANDOM ? sqrtf((float)p->size / (float)p->dimension) : 1.0f;
    for (size_t i = 0; !status && i < elements; i++) p->directions[i] *= stretch;
    epi__free(s->rows);
    epi__free(along);
    epi__free(next);
    return status;
}

static void append_floats(epi__buffer *bytes, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++) epi__buffer_append_f32(bytes, values[i]);
}

static epi_status write_bytes(epi_projection *p) {
    epi__buffer *b = &p->bytes;
    epi__buffer_append(b, "epiproj1", 8);
    epi__buffer_append_u32(b, (uint32_t)p->size);
    epi__buffer_append_u32(b, (uint32_t)p->dimension);
    epi__buffer_append_u32(b, (uint32_t)p->kind);
    epi__buffer_append_u32(b, 0);
    epi__buffer_append_f64(b, p->kept);
    append_floats(b, p->mean, p->size);
    append_floats(b, p->factor, p->size);
    if (p->directions) append_floats(b, p->directions, p->dimension * p->size);
    if (!b->failed) epi__buffer_append_u64(b, epi__hash64(b->data, b->size));
    return b->failed ? epi__fail_memory(MODULE, p->dimension * p->size * sizeof(float)) : EPI_OK;
}

epi_status epi_projection_learn(epi_projection **projection, const float *rows, size_t count, size_t size,
                                const epi_projection_options *options) {
    if (projection) *projection = NULL;
    if (!projection || !rows || count < 2)
        return epi__fail(EPI_EINVAL, MODULE, "a projection is learned from at least 2 observations, not %zu", count);
    epi_projection_options o = options ? *options : epi_projection_options_default();
    EPI__TRY(check_options(&o, size));
    struct sample s = {.given = rows, .step = (count + EPI_PROJECTION_ROWS_MAX - 1) / EPI_PROJECTION_ROWS_MAX};
    s.count = count / s.step;
    for (size_t i = 0; i < count; i++)
        if (!epi__math_all_finite(rows + i * size, size))
            return epi__fail(EPI_ENUMBER, MODULE, "observation %zu has NaN or infinities", i);
    epi_projection *p = NULL;
    epi_status status = make(&p, o.kind, size, o.dimension);
    if (!status) status = measure(p, &s, o.scale);
    if (!status && p->directions) status = find_directions(p, &s, &o);
    if (!status && !p->directions) p->kept = 1.0;
    if (!status) status = write_bytes(p);
    if (status)
        epi_projection_free(p);
    else
        *projection = p;
    return status;
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

static epi_status read_floats(float *out, epi__reader *reader, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = epi__read_f32(reader);
    return epi__math_all_finite(out, count) ? EPI_OK
                                            : epi__fail(EPI_EFORMAT, MODULE, "a projection has NaN or infinities");
}

static epi_status check_bytes(const void *bytes, size_t size) {
    if (size < HEADER_SIZE + 8 || memcmp(bytes, "epiproj1", 8) != 0)
        return epi__fail(EPI_EFORMAT, MODULE, "%zu bytes are no projection", size);
    epi__reader end = epi__reader_of((const uint8_t *)bytes + size - 8, 8);
    return epi__read_u64(&end) == epi__hash64(bytes, size - 8)
               ? EPI_OK
               : epi__fail(EPI_EFORMAT, MODULE, "a projection of %zu bytes fails its checksum", size);
}

static epi_status read_projection(epi_projection **made, const void *bytes, size_t given) {
    epi__reader reader = epi__reader_of((const uint8_t *)bytes + 8, given - 16);
    size_t size = epi__read_u32(&reader), dimension = epi__read_u32(&reader);
    uint32_t kind = epi__read_u32(&reader);
    (void)epi__read_u32(&reader);
    size_t rows = 2 + (kind == EPI_PROJECTION_IDENTITY ? 0 : dimension);
    if (size == 0 || size > EPI_DIMENSION_MAX || dimension == 0 || dimension > size || kind > EPI_PROJECTION_IDENTITY ||
        (kind == EPI_PROJECTION_IDENTITY && dimension != size) || given != HEADER_SIZE + rows * size * 4 + 8)
        return epi__fail(EPI_EFORMAT, MODULE, "%zu bytes are no projection of %zu to %zu elements", given, size,
                         dimension);
    EPI__TRY(make(made, (epi_projection_kind)kind, size, dimension));
    (*made)->kept = epi__read_f64(&reader);
    EPI__TRY(read_floats((*made)->mean, &reader, size));
    EPI__TRY(read_floats((*made)->factor, &reader, size));
    if ((*made)->directions) EPI__TRY(read_floats((*made)->directions, &reader, dimension * size));
    return write_bytes(*made);
}

epi_status epi_projection_open(epi_projection **projection, const void *bytes, size_t size) {
    if (projection) *projection = NULL;
    if (!projection || !bytes) return epi__fail(EPI_EINVAL, MODULE, "projection or bytes were NULL");
    EPI__TRY(check_bytes(bytes, size));
    epi_projection *p = NULL;
    epi_status status = read_projection(&p, bytes, size);
    if (status)
        epi_projection_free(p);
    else
        *projection = p;
    return status;
}

const void *epi_projection_bytes(const epi_projection *projection, size_t *size) {
    if (size) *size = projection ? projection->bytes.size : 0;
    return projection ? projection->bytes.data : NULL;
}

size_t epi_projection_size(const epi_projection *projection) {
    return projection ? projection->size : 0;
}

size_t epi_projection_dimension(const epi_projection *projection) {
    return projection ? projection->dimension : 0;
}

double epi_projection_kept(const epi_projection *projection) {
    return projection ? projection->kept : 0.0;
}

/* ---- using ------------------------------------------------------------------------------------------------------- */

static epi_status apply(float *out, const epi_projection *p, const float *rows, size_t count, float *centred) {
    for (size_t i = 0; i < count; i++) {
        float *made = out + i * p->dimension;
        centre(p->directions ? centred : made, p, rows + i * p->size);
        if (p->directions) epi__math_dot_rows(made, centred, p->directions, p->dimension, p->size);
        if (!epi__math_all_finite(made, p->dimension))
            return epi__fail(EPI_ENUMBER, MODULE, "observation %zu or its projection has NaN or infinities", i);
    }
    return EPI_OK;
}

epi_status epi_projection_apply(float *out, const epi_projection *projection, const float *rows, size_t count) {
    if (!out || !projection || (!rows && count > 0))
        return epi__fail(EPI_EINVAL, MODULE, "out, projection or rows were NULL");
    float *centred = epi__realloc(NULL, projection->size, sizeof *centred);
    epi_status status = centred ? apply(out, projection, rows, count, centred)
                                : epi__fail_memory(MODULE, projection->size * sizeof *centred);
    if (status) memset(out, 0, count * projection->dimension * sizeof *out);
    epi__free(centred);
    return status;
}
