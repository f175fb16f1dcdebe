/* analyzer.h - included first when clang-tidy reads a file other than base/error.c: tells its analyzer what it cannot
 * see across files, that the calls which fill a wh_error give the status of a failure. */
#pragma once
#include "wherry/error.h"

static inline enum wh_status analyzer_status(enum wh_status status, enum wh_status otherwise)
{
    return status != WH_OK ? status : otherwise;
}
#define wh_fail(err, code, ...) analyzer_status(wh_fail(err, code, __VA_ARGS__), code)
#define wh_fail_errno(err, ...) analyzer_status(wh_fail_errno(err, __VA_ARGS__), WH_IO)
#define wh_nomem(err) analyzer_status(wh_nomem(err), WH_NOMEM)
#define wh_wrap(err, ...) analyzer_status(wh_wrap(err, __VA_ARGS__), WH_INTERNAL)
#define wh_hint(err, ...) analyzer_status(wh_hint(err, __VA_ARGS__), WH_INTERNAL)
