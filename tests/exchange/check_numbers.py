#!/usr/bin/env python3
"""Checks numbers and times of src/base against Python's float, decimal and datetime.

usage: check_numbers.py [SEED]; compiles src/base/{num,float,decimal,pow10,time}.c with $CC (cc) into a shared
object and calls it. Takes a few seconds, prints one line, exits 1 at the first difference."""
import ctypes
import datetime
import decimal
import os
import random
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = ["num", "float", "decimal", "pow10", "time"]
SECOND, MILLI, MICRO, NANO = range(4)
decimal.getcontext().prec = 200


class Slice(ctypes.Structure):
    _fields_ = [("ptr", ctypes.c_char_p), ("len", ctypes.c_size_t)]


def build():
    out = os.path.join(tempfile.mkdtemp(), "numbers.so")
    command = [os.environ.get("CC", "cc"), "-std=c17", "-O2", "-shared", "-fPIC", "-D_GNU_SOURCE",
               "-I" + ROOT + "/include", "-I" + ROOT + "/src", "-o", out]
    subprocess.run(command + [f"{ROOT}/src/base/{s}.c" for s in SOURCES], check=True)
    lib = ctypes.CDLL(out)
    for name in dir_of_functions():
        getattr(lib, name).restype = ctypes.c_bool if "parse" in name or "rescale" in name else ctypes.c_size_t
    lib.wh_format_f64.argtypes = [ctypes.c_char_p, ctypes.c_double]
    lib.wh_format_f32.argtypes = [ctypes.c_char_p, ctypes.c_float]
    lib.wh_format_timestamp.argtypes = [ctypes.c_char_p, ctypes.c_int64, ctypes.c_int, ctypes.c_bool]
    lib.wh_format_time.argtypes = [ctypes.c_char_p, ctypes.c_int64, ctypes.c_int]
    lib.wh_format_i64.argtypes = [ctypes.c_char_p, ctypes.c_int64]
    lib.wh_format_u64.argtypes = [ctypes.c_char_p, ctypes.c_uint64]
    return lib


def dir_of_functions():
    kinds = ["i64", "u64", "f64", "decimal", "date", "time", "timestamp"]
    return ["wh_parse_" + k for k in kinds] + ["wh_format_" + k for k in kinds + ["f32"]] + ["wh_decimal_rescale"]


LIB = build()
TEXT = ctypes.create_string_buffer(128)
checks = 0


def expect(what, got, want):
    global checks
    checks += 1
    if got != want:
        sys.exit(f"numbers: {what}: got {got!r}, want {want!r}")


def parse(function, text, out, *args):
    raw = text.encode()
    return function(Slice(raw, len(raw)), *args, ctypes.byref(out))


def written(function, *args):
    length = function(TEXT, *args)
    return TEXT.raw[:length].decode()


def check_table():
    class Entry(ctypes.Structure):
        _fields_ = [("hi", ctypes.c_uint64), ("lo", ctypes.c_uint64)]
    table = (Entry * (324 + 342 + 1)).in_dll(LIB, "wh_pow10_table")
    for q in range(-342, 325):
        power = 5 ** abs(q)
        if q >= 0:
            shift = power.bit_length() - 128
            want = power >> shift if shift > 0 else power << -shift
        else:
            bits = power.bit_length() + 127
            want = (1 << bits) // power
            want = want if want < 1 << 128 else (1 << (bits - 1)) // power
        expect(f"10^{q}", table[q + 342].hi << 64 | table[q + 342].lo, want)


def parsed_f64(text):
    out = ctypes.c_double()
    return struct.pack("<d", out.value) if parse(LIB.wh_parse_f64, text, out) else None


def check_f64_text(text):
    want = float(text)
    expect(text, parsed_f64(text), None if want in (float("inf"), float("-inf")) else struct.pack("<d", want))


def canonical(value, digits):
    """Python's shortest digits in our notation."""
    sign, figures, exponent = decimal.Decimal(digits).as_tuple()
    text = "".join(map(str, figures)).rstrip("0")
    if not text:
        return "-0" if struct.pack(">d", value)[0] & 0x80 else "0"
    exponent += len(figures) - len(text)
    point = len(text) + exponent
    if point < -3 or point > 16:
        body = text[0] + ("." + text[1:] if len(text) > 1 else "") + f"e{point - 1}"
    elif point <= 0:
        body = "0." + "0" * -point + text
    elif point >= len(text):
        body = text + "0" * (point - len(text))
    else:
        body = text[:point] + "." + text[point:]
    return "-" * sign + body


def f32_digits(value):
    """How many digits a float needs to read back."""
    for digits in range(1, 9):
        try:
            if struct.pack("<f", float(f"{value:.{digits - 1}e}")) == struct.pack("<f", value):
                return digits
        except OverflowError:
            pass
    return 9


def check_doubles(rng):
    samples = [0.0, -0.0, 5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308, 9007199254740993.0,
               1e15, 1e16, 1e17, 1e22, 1e23, 123456789012345678.0, 0.0001, 0.00001, 2.0 ** -1074, 2.0 ** 1023]
    samples += [2.0 ** e for e in range(-1074, 1024)] + [float(f"1e{e}") for e in range(-323, 309)]
    for _ in range(60000):
        samples.append(struct.unpack("<d", rng.getrandbits(64).to_bytes(8, "little"))[0])
        samples.append(rng.randrange(10 ** rng.randrange(1, 16)) / 10 ** rng.randrange(0, 6))
    for v in samples:
        if v != v or v in (float("inf"), float("-inf")):
            continue
        text = written(LIB.wh_format_f64, v)
        expect(f"text of {v!r}", text, canonical(v, repr(v)))
        expect(f"round trip of {v!r}", parsed_f64(text), struct.pack("<d", v))
        check_f64_text(f"{v:.17e}")
        if rng.random() < 0.1:  # digits of the point halfway to the next double, and a bit beside it
            half = decimal.Decimal(v) + (decimal.Decimal(next_double(v)) - decimal.Decimal(v)) / 2
            for tail in ("", "1", "0000000000000000001"):
                mantissa, _, exponent = f"{half:.{min(780, len(half.as_tuple().digits))}e}".partition("e")
                check_f64_text(f"{mantissa}{tail}e{int(exponent)}")
            check_f64_text(f"{half - half.scaleb(-100):.110e}")
    for _ in range(30000):
        digits = str(rng.randrange(10 ** rng.randrange(1, 40)))
        check_f64_text(f"{digits}.{rng.randrange(10 ** 9)}e{rng.randrange(-360, 320)}")
    for v in [1e-45, 1.17549435e-38, 3.4028235e38, 16777216.0] + [struct.unpack("<f", rng.getrandbits(32).to_bytes(4, "little"))[0] for _ in range(30000)]:
        if v == v and abs(v) != float("inf"):
            f = struct.unpack("<f", struct.pack("<f", v))[0]
            got = written(LIB.wh_format_f32, f)
            expect(f"float {f!r} reads back", struct.pack("<f", float(got)), struct.pack("<f", f))
            if f != 0:
                digits = len(decimal.Decimal(got).normalize().as_tuple().digits)
                expect(f"{got} is shortest for {f!r}", digits <= f32_digits(f), True)


def next_double(v):
    bits = struct.unpack("<q", struct.pack("<d", abs(v)))[0] + 1
    up = struct.unpack("<d", struct.pack("<q", bits))[0]
    return v if up == float("inf") else (up if v >= 0 else -up)


def check_integers(rng):
    for _ in range(40000):
        v = rng.randrange(10 ** rng.randrange(1, 24)) * rng.choice((1, -1))
        text = rng.choice(("", "0", "000000000000000000000")) + str(abs(v))
        text = "-" + text if v < 0 else text
        signed, unsigned = ctypes.c_int64(), ctypes.c_uint64()
        ok = parse(LIB.wh_parse_i64, text, signed)
        expect("i64 " + text, signed.value if ok else None, v if -2 ** 63 <= v < 2 ** 63 else None)
        ok = parse(LIB.wh_parse_u64, text, unsigned)
        expect("u64 " + text, unsigned.value if ok else None, v if 0 <= v < 2 ** 64 and text[0] != "-" else None)
        if -2 ** 63 <= v < 2 ** 63:
            expect("text of i64", written(LIB.wh_format_i64, v), str(v))
        if 0 <= v < 2 ** 64:
            expect("text of u64", written(LIB.wh_format_u64, v), str(v))


def decimal_of(raw, precision):
    width = 8 if precision <= 18 else 16 if precision <= 38 else 32
    return int.from_bytes(raw[:width], "little", signed=True)


def check_decimals(rng):
    for _ in range(40000):
        precision = rng.randrange(1, 77)
        scale = rng.randrange(precision + 1)
        v = rng.randrange(10 ** rng.randrange(1, precision + 2)) * rng.choice((1, -1))
        form = rng.randrange(3)
        d = decimal.Decimal(v).scaleb(-rng.randrange(scale + 3))
        text = [f"{d:f}", f"{d:e}", f"{d:f}" + ("00" if "." in f"{d:f}" else ".00")][form]
        out = ctypes.create_string_buffer(32)
        ok = LIB.wh_parse_decimal(Slice(text.encode(), len(text)), precision, scale, out)
        scaled = decimal.Decimal(text).scaleb(scale)
        fits = scaled == scaled.to_integral_value() and abs(scaled) < 10 ** precision
        expect(f"decimal({precision},{scale}) {text}", decimal_of(out.raw, precision) if ok else None, int(scaled) if fits else None)
        if not ok:
            continue
        got = written(LIB.wh_format_decimal, out, precision, scale)
        expect("text of decimal", got.lstrip("-"), f"{abs(decimal.Decimal(text)):.{scale}f}")
        expect("sign of decimal", got[0] == "-", scaled < 0)
        to_precision = rng.randrange(1, 77)
        to_scale = rng.randrange(to_precision + 1)
        other = ctypes.create_string_buffer(32)
        ok = LIB.wh_decimal_rescale(out, precision, scale, other, to_precision, to_scale)
        moved = scaled.scaleb(to_scale - scale)
        fits = moved == moved.to_integral_value() and abs(moved) < 10 ** to_precision
        expect(f"{scaled} ({precision},{scale}) to ({to_precision},{to_scale})",
               decimal_of(other.raw, to_precision) if ok else None, int(moved) if fits else None)


def check_dates():
    out = ctypes.c_int32()
    day = datetime.date(1970, 1, 1)
    for n in range(datetime.date.min.toordinal(), datetime.date.max.toordinal() + 1, 17):
        text = datetime.date.fromordinal(n).isoformat()
        expect(text, out.value if parse(LIB.wh_parse_date, text, out) else None, n - day.toordinal())
        expect("text of " + text, written(LIB.wh_format_date, n - day.toordinal()), text)
    for year in (1, 4, 100, 400, 1900, 2000, 2023, 2024, 9999):
        for month in range(0, 14):
            for dom in range(0, 33):
                text = f"{year:04}-{month:02}-{dom:02}"
                try:
                    want = datetime.date(year, month, dom).toordinal() - day.toordinal()
                except ValueError:
                    want = None
                expect(text, out.value if parse(LIB.wh_parse_date, text, out) else None, want)


def check_timestamps(rng):
    out, zoned = ctypes.c_int64(), ctypes.c_bool()
    epoch = datetime.datetime(1970, 1, 1)
    for _ in range(30000):
        t = datetime.datetime.min + datetime.timedelta(microseconds=rng.randrange(315537897599 * 10 ** 6))
        t = t.replace(microsecond=rng.choice((0, t.microsecond, t.microsecond // 1000 * 1000)))
        minutes = rng.randrange(-14 * 60, 14 * 60)
        zone = rng.choice(("", "Z", f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}",
                           f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"))
        text = t.isoformat(sep=rng.choice("T ")) + zone
        us = (t - epoch) // datetime.timedelta(microseconds=1) - (minutes * 60000000 if len(zone) > 1 else 0)
        for unit, per_second in ((SECOND, 1), (MILLI, 10 ** 3), (MICRO, 10 ** 6), (NANO, 10 ** 9)):
            raw = text.encode()
            ok = LIB.wh_parse_timestamp(Slice(raw, len(raw)), unit, ctypes.byref(out), ctypes.byref(zoned))
            want = us * per_second / decimal.Decimal(10 ** 6)
            fits = want == want.to_integral_value() and -2 ** 63 <= want < 2 ** 63
            expect(f"{text} unit {unit}", (out.value, zoned.value) if ok else None, (int(want), zone != "") if fits else None)
        digits = t.microsecond
        shown = t.isoformat(timespec="seconds" if digits == 0 else "milliseconds" if digits % 1000 == 0 else "microseconds")
        local = (t - epoch) // datetime.timedelta(microseconds=1)
        expect("text of " + text, written(LIB.wh_format_timestamp, local, MICRO, False), shown)


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    rng = random.Random(seed)
    check_table()
    check_integers(rng)
    check_doubles(rng)
    check_decimals(rng)
    check_dates()
    check_timestamps(rng)
    print(f"numbers: {checks} checks passed (seed {seed})")


main()
