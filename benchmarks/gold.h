/* gold.h - the answers of a benchmark's questions as intervals of time: "7 May 2023", "The week before 9 June 2023",
 * "summer of 2022". Written apart from the library's own resolver, so that one cannot hide a mistake of the other.
 */
#ifndef EPI_BENCH_GOLD_H
#define EPI_BENCH_GOLD_H

#include <stdbool.h>

#include <episodic/time.h>

/* Reads an answer. A day without a year is the nearest one to `near`. False when it is no date, or has a word whose
 * part in it is not known. "The week before D" is the seven days before D; "the week of D" Monday to Sunday. */
bool gold_read(epi_interval *interval, const char *answer, epi_time near);
/* "1:56 pm on 8 May, 2023", as UTC. */
bool gold_session_time(epi_time *time, const char *text);

#endif
