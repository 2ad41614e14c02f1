/* SPDX-License-Identifier: MIT
 *
 * Events as JSON in Chrome's trace event format, an event a line: system calls as slices, all else
 * as instants. https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
#ifndef TRACE_JSON_H
#define TRACE_JSON_H

#include "tracing.h"

void json_begin(uint32_t hz);
event_handler json_event;
void json_end(void);

#endif
