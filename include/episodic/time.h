/* time.h - points and intervals of time. Stored as microseconds of UTC; the offset of the place is kept beside it.
 */
#ifndef EPISODIC_TIME_H
#define EPISODIC_TIME_H

#include <stddef.h>
#include <stdint.h>

#include <episodic/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Microseconds since 1970-01-01T00:00:00 UTC, leap seconds not counted. */
typedef int64_t epi_time;

/** No time given. */
#define EPI_TIME_NONE INT64_MIN
#define EPI_TIME_MIN (-62135596800000000ll) /**< 0001-01-01 */
#define EPI_TIME_MAX (253402300799999999ll) /**< the last microsecond of 9999 */

static inline epi_time epi_time_from_unix(int64_t seconds) { return seconds * 1000000; }

/** A half-open interval [from, to); an instant has to == from. */
typedef struct epi_interval {
    epi_time from;
    epi_time to;
    int32_t utc_offset_min; /**< minutes east of UTC of the place it was written in */
} epi_interval;

/** The current time of the system's clock. */
EPI_API epi_time epi_time_now(void);

/** Reads ISO 8601 in the precision it is written in: "2023", "2023-05", "2023-05-08", "2023-05-08T13:56",
 *  "2023-05-08 13:56:20.5+02:00", "...Z". A year is the whole year, a day the whole day; a minute or finer is an
 *  instant.
 * @param interval receives the interval; without an offset in the text, UTC is meant.
 * @return EPI_OK · EPI_EFORMAT with what was wrong · EPI_EINVAL an argument is NULL
 * @par Thread safety any thread. */
EPI_API epi_status epi_time_parse(epi_interval *interval, const char *text);

#define EPI_TIME_TEXT_SIZE 40

/** Writes "2026-11-17 10:04" (minute), in the given offset. `out` has EPI_TIME_TEXT_SIZE bytes. Returns out. */
EPI_API char *epi_time_text(char *out, epi_time time, int32_t utc_offset_min);
/** Writes RFC 3339 with microseconds where there are any: "2026-11-17T10:04:00Z", "...+02:00". Returns out. */
EPI_API char *epi_time_iso(char *out, epi_time time, int32_t utc_offset_min);

#ifdef __cplusplus
}
#endif
#endif
