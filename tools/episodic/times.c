/* times.c - intervals of time and what a text says about them, for people and for programs; and now. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"

void cli_now(epi_time *now, int32_t *utc_offset_min) {
    struct tm local;
    *now = epi_time_now();
    time_t seconds = (time_t)(*now / 1000000);
    *utc_offset_min = localtime_r(&seconds, &local) != NULL ? (int32_t)(local.tm_gmtoff / 60) : 0;
}

char *times_text(char out[TIMES_SIZE], const epi_interval *interval) {
    char from[EPI_TIME_TEXT_SIZE];
    char last[EPI_TIME_TEXT_SIZE]; /* the last minute inside */
    char next[EPI_TIME_TEXT_SIZE];
    epi_time_text(from, interval->from, interval->utc_offset_min);
    epi_time_text(last, interval->to - 1, interval->utc_offset_min);
    epi_time_text(next, interval->to, interval->utc_offset_min);
    bool days = strcmp(from + 10, " 00:00") == 0 && strcmp(next + 10, " 00:00") == 0;
    size_t size = days ? 10 : strlen(from);
    bool month = days && strcmp(from + 8, "01 00:00") == 0 && strcmp(next + 8, "01 00:00") == 0;
    if (month && memcmp(from, last, 7) == 0) size = 7;
    if (month && memcmp(from + 4, "-01", 3) == 0 && memcmp(last + 4, "-12", 3) == 0) size = 4;
    from[size] = last[size] = '\0';
    bool one = strcmp(from, last) == 0;
    snprintf(out, TIMES_SIZE, "%s%s%s", from, one ? "" : " to ", one ? "" : last);
    return out;
}

void times_json(epi_json_writer *writer, const char *name, const char *role, const char *text,
                const epi_time_mention *mention) {
    static const char *const precisions[] = {"",     "minute", "hour",   "day part", "day",   "weekend",
                                             "week", "month",  "season", "year",     "decade"};
    size_t precision = (size_t)mention->precision;
    epi_json_begin_object(writer, name);
    if (role != NULL) json_text(writer, "role", role);
    epi_json_put_string(writer, "text", text + mention->from, mention->to - mention->from);
    epi_json_put_unsigned(writer, "offset", mention->from);
    json_time(writer, "from", mention->interval.from, mention->interval.utc_offset_min);
    json_time(writer, "to", mention->interval.to, mention->interval.utc_offset_min);
    json_text(writer, "precision", precisions[precision < sizeof precisions / sizeof *precisions ? precision : 0]);
    epi_json_end(writer);
}

const char *times_said(const epi_recalled_step *step, const epi_told_time *told) {
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        if (strcmp(part->role, told->role) == 0 && told->mention.to <= part->size) return part->data;
    }
    return NULL;
}
