/* fuzz_time.c - any text as a time: what is read is in range, and what is written reads back the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <episodic/time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int held) {
    if (!held) abort();
}

static void check_moment(epi_time time, int32_t offset) {
    char text[EPI_TIME_TEXT_SIZE];
    epi_interval again;
    must(time >= EPI_TIME_MIN && time <= EPI_TIME_MAX);
    must(epi_time_parse(&again, epi_time_iso(text, time, offset)) == EPI_OK);
    must(again.from == time && again.to == time);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[128];
    epi_interval interval;
    if (size >= sizeof text) return 0;
    if (size > 0) memcpy(text, data, size);
    text[size] = '\0';
    if (epi_time_parse(&interval, text) != EPI_OK) return 0;
    must(interval.from <= interval.to);
    must(interval.utc_offset_min >= -1080 && interval.utc_offset_min <= 1080);
    check_moment(interval.from, interval.utc_offset_min);
    check_moment(interval.to, interval.utc_offset_min);
    return 0;
}
