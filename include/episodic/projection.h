/* projection.h - vectors of observations: fewer numbers that keep who is near to whom.
 *
 * A space whose vectors are the caller's (EPI_ENCODER_GIVEN) takes an observation as it is, or what a projection makes
 * of it, as epi_step.vector. A projection is learned once from observations, kept as bytes, and opened from these by
 * every process: vectors of two projections may never stand in one space.
 */
#ifndef EPISODIC_PROJECTION_H
#define EPISODIC_PROJECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <episodic/limits.h>
#include <episodic/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epi_projection_kind {
    EPI_PROJECTION_LEARNED = 0,  /**< the directions in which the observations differ most */
    EPI_PROJECTION_RANDOM = 1,   /**< orthonormal directions drawn by the seed; scaled so that distances are kept on
                                      average */
    EPI_PROJECTION_IDENTITY = 2  /**< all directions: scaling only */
} epi_projection_kind;

typedef struct epi_projection_options {
    uint32_t version;         /**< set by epi_projection_options_default() */
    epi_projection_kind kind;
    uint32_t dimension;       /**< of what it makes; 0: a quarter of the observation's elements, at least one. Of the
                                   identity: the observation's */
    bool scale;               /**< divides each element by its standard deviation, so that no unit outweighs another;
                                   false: distances are those of the observations as they are */
    uint32_t rounds;          /**< of learning; 0: EPI_PROJECTION_ROUNDS_DEFAULT */
    uint64_t seed;
} epi_projection_options;

static inline epi_projection_options epi_projection_options_default(void) {
    epi_projection_options options = {1, EPI_PROJECTION_LEARNED, 0, true, 0, 1};
    return options;
}

/** A linear map of observations: subtracts the mean, scales, projects. Immutable. */
typedef struct epi_projection epi_projection;

/** Learns a projection from observations.
 *
 * @param[out] projection receives the object, or NULL on failure.
 * @param rows  count x size floats, row-major: observations drawn at random from what is to be remembered. Some
 *              thousand are enough; more than EPI_PROJECTION_ROWS_MAX are thinned evenly.
 * @param count at least 2.
 * @param size  elements of an observation, 1 to EPI_DIMENSION_MAX.
 * @param options NULL: the defaults.
 * @return EPI_OK · EPI_EINVAL NULL, a kind or version that is not known, fewer than 2 rows, or all of them are equal ·
 *         EPI_ELIMIT size or dimension · EPI_ENUMBER an element is NaN or infinite · EPI_ENOMEM
 * @par Ownership the caller frees it with epi_projection_free().
 * @par Source LEARNED: orthogonal iteration on the sample (Golub and Van Loan 2013, 8.2.4) from a random start (Halko,
 *      Martinsson and Tropp 2011), without their oversampling: only the space matters here, not its axes. RANDOM:
 *      Johnson and Lindenstrauss 1984, with orthonormal rows. */
EPI_API epi_status epi_projection_learn(epi_projection **projection, const float *rows, size_t count, size_t size,
                                        const epi_projection_options *options);

/** Opens what epi_projection_bytes() gave. @return EPI_OK · EPI_EFORMAT it is something else, cut short or damaged ·
 * EPI_EINVAL EPI_ENOMEM */
EPI_API epi_status epi_projection_open(epi_projection **projection, const void *bytes, size_t size);
EPI_API void epi_projection_free(epi_projection *projection); /**< NULL is allowed */

/** The projection as bytes, the same on every machine. Borrowed from the projection. */
EPI_API const void *epi_projection_bytes(const epi_projection *projection, size_t *size);
EPI_API size_t epi_projection_size(const epi_projection *projection);      /**< elements of an observation */
EPI_API size_t epi_projection_dimension(const epi_projection *projection); /**< of what it makes */
/** How much of the sample's variance, after scaling, the projection keeps, 0 to 1. For IDENTITY 1. */
EPI_API double epi_projection_kept(const epi_projection *projection);

/** Projects observations.
 * @param[out] out count x dimension floats, row-major; zeros on failure.
 * @param rows     count x size floats, row-major.
 * @return EPI_OK · EPI_EINVAL · EPI_ENUMBER an element is NaN or infinite, or its projection is
 * @par Thread safety any number of threads. */
EPI_API epi_status epi_projection_apply(float *out, const epi_projection *projection, const float *rows, size_t count);

#ifdef __cplusplus
}
#endif
#endif
