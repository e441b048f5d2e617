/* news.h - how much of a step's words was new to the space when it came. */
#ifndef EPI_MEMORY_NEWS_H
#define EPI_MEMORY_NEWS_H

#include "mirror.h"

#define EPI__NEWS_SCALE 255u /* the share 1, as it is stored */

/* The share of a document's words that no step of the space had before, in [0, EPI__NEWS_SCALE]; two words more are
 * counted as old ones, so that a short step is not all news. Inside the transaction that stores the step. */
epi_status epi__news_of(uint8_t *share, epi__mirror *mirror, epi__change *change, epi__view document);

#endif
