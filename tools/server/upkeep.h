/* upkeep.h - a thread that keeps searching fast while a server stores: it does the upkeep of spaces that have changed
 * much, soon after they have. It sleeps while nothing changes, and what it has not done at the end waits for the next.
 */
#ifndef SERVER_UPKEEP_H
#define SERVER_UPKEEP_H

#include "service.h"

typedef struct upkeep upkeep;

/** @return NULL: there will be no upkeep. */
upkeep *upkeep_start(service *of);
/** Tells it that something was stored. NULL is allowed, here and below. */
void upkeep_touch(upkeep *u);
/** Waits until what it does now is done, a second or so. */
void upkeep_stop(upkeep *u);

#endif
