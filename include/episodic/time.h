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

/** The unit that an expression of time counts in. The interval says how wide it is: "a few days ago" counts in days. */
typedef enum epi_time_precision {
    EPI_PRECISION_MINUTE = 1,
    EPI_PRECISION_HOUR = 2,
    EPI_PRECISION_DAY_PART = 3, /**< a morning, an afternoon, a night */
    EPI_PRECISION_DAY = 4,
    EPI_PRECISION_WEEKEND = 5,
    EPI_PRECISION_WEEK = 6,
    EPI_PRECISION_MONTH = 7,
    EPI_PRECISION_SEASON = 8,
    EPI_PRECISION_YEAR = 9,
    EPI_PRECISION_DECADE = 10
} epi_time_precision;

/** An expression of time inside a text: where it stands and what it means. */
typedef struct epi_time_mention {
    size_t from; /**< its first byte */
    size_t to;   /**< the byte behind its last */
    epi_interval interval; /**< from < to, in UTC; utc_offset_min is the one that was passed in */
    epi_time_precision precision;
} epi_time_mention;

/** Finds the expressions of time in an English text and says what they mean: "last Friday", "two weeks ago",
 *  "7 May 2023", "in 2022", "at 5pm tomorrow". Nothing is guessed from what needs other knowledge ("when I was ten"),
 *  and durations ("for two years") are no dates.
 *
 *  Weeks begin on Monday, weekends are Saturday and Sunday, seasons the meteorological ones of the north (winter
 *  begins in December and belongs to that year). "last week" is the calendar week before; "two weeks ago" seven days
 *  around that day; "last Friday" the nearest one before today, "next Friday" the one of the next calendar week; months
 *  and years are whole ones, also "three months ago". A day, month or weekday without a year or week is the nearest one
 *  on the side that the verbs around it tell, weekdays in the past where none does. 05/07/2023 is 5 July, since more of
 *  the world writes the day first; 05/13/2023 can only be 13 May. A clock time narrows the day beside it.
 *
 * @param mentions receives up to `room` of them, best first: those that say when something happened before those that
 *        bound it ("since 2016") and vague ones ("recently"), otherwise in the order of the text. They never overlap.
 *        May be NULL when room is 0.
 * @param count receives how many there are, at most EPI_TIME_MENTION_COUNT_MAX: what follows these in the text is not
 *        looked at. 0 on failure.
 * @param text UTF-8 of `size` bytes; may be NULL when size is 0.
 * @param at when the text was said, EPI_TIME_MIN to EPI_TIME_MAX: what "today" means.
 * @param utc_offset_min minutes east of UTC where it was said, -1080 to 1080; days begin there at midnight. The offset
 *        is taken for all times of the text: no rules of summer time are known.
 * @return EPI_OK, also when nothing is found · EPI_EINVAL an argument is NULL or out of range · EPI_EUTF8 the text is
 *         not valid UTF-8, or has a NUL byte
 * @par Thread safety any thread. The same arguments give the same mentions; nothing is allocated. */
EPI_API epi_status epi_time_find(epi_time_mention *mentions, size_t *count, size_t room, const char *text, size_t size,
                                 epi_time at, int32_t utc_offset_min);

#ifdef __cplusplus
}
#endif
#endif
