/* queue.h - a priority queue of numbered items whose priorities change: a binary heap that knows where each item is.
 *
 * The greatest priority comes out first, of equal ones the lowest number, so that the order is the same everywhere.
 */
#ifndef EPI_IMAGINE_QUEUE_H
#define EPI_IMAGINE_QUEUE_H

#include "../base/base.h"

typedef struct epi__queue {
    uint32_t *heap;     /* items, each before those below it */
    uint32_t *place;    /* of each item in the heap; EPI__NOWHERE: not queued */
    double *priority;   /* of each item */
    uint32_t count;
    uint32_t item_count; /* numbers that may be queued */
} epi__queue;

#define EPI__NOWHERE UINT32_MAX

void epi__queue_dispose(epi__queue *queue);
epi_status epi__queue_grow(epi__queue *queue, uint32_t item_count); /* never smaller; keeps what is queued */
void epi__queue_set(epi__queue *queue, uint32_t item, double priority); /* queues it or moves it */
void epi__queue_remove(epi__queue *queue, uint32_t item);               /* nothing happens where it is not queued */

#endif
