/* joins.h - whether one who stands at a place may go on as a stored step did.
 *
 * The place is where one is believed to stand, which need not be where anyone stood. Five things speak for a join: it
 * is near, in lengths of a local step; steps from near by with a like action did alike (agreement); stored steps pass
 * between the two places (passage: where nothing ever passed there may be a wall); what was seen before agrees
 * (context); and the world confirmed it (reports). Each is a number between 0 and 1, and so is their product.
 */
#ifndef EPI_IMAGINE_JOINS_H
#define EPI_IMAGINE_JOINS_H

#include "neighbours.h"
#include "reports.h"

#define EPI__WITNESSES_MAX 128u /* steps around a place that are asked */

/* What a join is judged by. */
typedef struct epi__judge {
    const epi__traces *traces;
    const epi__reports *reports;
    const epi_imagine_options *options; /* with every default filled in */
} epi__judge;

/* A place with what is known around it. */
typedef struct epi__place {
    const float *at;
    const float *history; /* places before it, newest first; NULL: unknown */
    size_t history_count;
    double length; /* of a local step */
    double unit;   /* the same, as the caller measures; `length` where the caller does not */
    epi__neighbour witnesses[EPI__WITNESSES_MAX]; /* nearest first */
    double alike[EPI__WITNESSES_MAX]; /* of each: how well its past agrees; 1 where none is compared */
    size_t witness_count;
    float *moves; /* of each witness: what it began in, then what it led to; room for EPI__WITNESSES_MAX */
} epi__place;

/* Looks around, at least `steps` local steps far: fills all but `at`, the history and where moves are kept. */
void epi__place_look(epi__place *place, const epi__judge *judge, double steps);
/* How far two observations are apart: as the caller measures, or Euclidean. */
double epi__join_distance(const epi_imagine_options *options, const float *a, const float *b, size_t size);
/* How well places before, newest first, agree with what was before a row, from 0 to 1; 1 where none are compared. */
double epi__join_context(const epi__judge *judge, const float *history, size_t count, double length, uint32_t row);
/* Scores going on as `row` did; fills distance ... plausibility of the join. */
void epi__join_score(epi_join *join, const epi__judge *judge, const epi__place *place, uint32_t row);
/* Whether two steps took the same action, from 0 to 1. */
double epi__action_likeness(const epi__traces *traces, uint32_t a, uint32_t b);

#endif
