/* SPDX-License-Identifier: ISC */
/*
 * The good documents, and those that are bad as a whole: frame, keys, trust.
 * Each bad one has one fault; the rest of it is good, so that a program which
 * misses the fault accepts the document and is found out.
 */
#include "tests/vectors/vectors.h"

static void
pad_to_limit(struct buf *document)
{
	for (int i = 0; document->len < DOCUMENT_MAX - 1000; i++)
		buf_printf(document, "optional-x%d " X256 X256 X256 "\n", i);
	buf_puts(document, "optional-y ");
	while (document->len < DOCUMENT_MAX - DOCUMENT_SIGNATURE_LINE - 1)
		buf_putc(document, 'x');
	buf_putc(document, '\n');
}

static void
empty(struct buf *document)
{
	buf_clear(document);
}

static void
halve(struct buf *document)
{
	document->len /= 2;
}

static void
drop_last_byte(struct buf *document)
{
	document->len--;
}

static void
drop_signature(struct buf *document)
{
	document->len -= DOCUMENT_SIGNATURE_LINE;
}

/* The 86th digit carries four bits that are not part of the 64 bytes. */
static void
set_spare_bits(struct buf *document)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
				     "ghijklmnopqrstuvwxyz0123456789+/";
	char *digit = document->data + document->len - 4;

	*digit = digits[(strchr(digits, *digit) - digits) | 1];
}

static void
replace_signature(struct buf *document, const uint8_t value[SIGNATURE_SIZE])
{
	char text[BASE64_SIZE(SIGNATURE_SIZE)];

	document->len -= DOCUMENT_SIGNATURE_LINE;
	base64_encode(value, SIGNATURE_SIZE, text);
	buf_printf(document, "signature %s\n", text);
}

/* S + L: the same scalar in a form that is not reduced. */
static void
unreduce(struct buf *document)
{
	static const uint8_t order[32] = {0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63,
		0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
		[31] = 0x10};
	uint8_t value[SIGNATURE_SIZE];
	unsigned carry = 0;

	if (!base64_decode(document->data + document->len - 89, 88, value,
		SIGNATURE_SIZE))
		abort();
	for (int i = 0; i < 32; i++) {
		carry += value[32 + i] + (unsigned)order[i];
		value[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	replace_signature(document, value);
}

/* R = B and S = 1: good for every message under the neutral element. */
static void
forge_under_neutral_key(struct buf *document)
{
	uint8_t value[SIGNATURE_SIZE] = {0};

	memset(value, 0x66, 32);
	value[0] = 0x58;
	value[32] = 1;
	replace_signature(document, value);
}

/* The machine's key, and the neutral element in two of its forms. */
#define KEY "machine-key iodf/x6zhFFXes1a/uQFRWVo3XyJ4JCGOgVXvHr0nxc="
#define NEUTRAL "machine-key AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define NEUTRAL_P1 "machine-key 7v///////////////////////////////////////38="

const struct vector vectors_whole[] = {
	/* Good ones. */
	{LICENSE("good/license-online"), .absent = 0,
	    GOOD("An online license with every line it may have.")},
	{LICENSE("good/license-online-least"),
	    .absent = bit(LICENSE_EDITION) | bit(LICENSE_RENEWS) |
		bit(LICENSE_EXTERNAL) | bit(LICENSE_INTERNAL) |
		bit(LICENSE_REBIND_WINDOW_END),
	    GOOD("An online license without the lines that may be absent.")},
	{LICENSE("good/license-offline"), OFFLINE,
	    GOOD("An offline license with every line it may have.")},
	{LICENSE("good/license-offline-least"), OFFLINE,
	    .absent = bit(LICENSE_EDITION) | bit(LICENSE_RENEWS) |
		bit(LICENSE_EXTERNAL) | bit(LICENSE_INTERNAL),
	    GOOD("An offline license without the lines that may be absent.")},
	{LICENSE("good/license-trial"), .absent = bit(LICENSE_BILLING),
	    GOOD("A trial has no billing.")},
	{LICENSE("good/license-utf8"),
	    EDIT("issuer Example Vendor",
		"issuer \xC3\x9C" "berwachung \xE2\x82\xAC \xF0\x9F\x94\x91"),
	    GOOD("Text is UTF-8 of two, three and four bytes.")},
	{LICENSE("good/license-inner-spaces"),
	    EDIT("issuer Example Vendor", "issuer Example   Vendor"),
	    GOOD("Spaces inside a value are kept.")},
	{LICENSE("good/license-largest-numbers"),
	    EDIT("bandwidth-mbits 100000\nsequence 17",
		"bandwidth-mbits 4294967295\nsequence 9223372036854775807"),
	    GOOD("The largest bandwidth and the largest sequence.")},
	{LICENSE("good/license-last-instant"),
	    EDIT("term-end 2027-03-29T23:59:59Z",
		"term-end 2105-12-31T23:59:59Z"),
	    GOOD("The last instant that a document can name.")},
	{LICENSE("good/license-optional"),
	    EDIT("", "optional-b 1\noptional-a two words\noptional-b-c 3\n"),
	    GOOD("Optional lines stand before the signature, in any order.")},
	{LICENSE("good/license-largest"), .before = pad_to_limit,
	    GOOD("A document of exactly 16384 bytes.")},
	{LICENSE("good/license-longest-text"),
	    EDIT("bind-cpu-model Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz",
		"bind-cpu-model " X256),
	    GOOD("A CPU model of 256 bytes.")},
	{LICENSE("good/license-signer-last-second"),
	    .until = SAMPLE_ISSUED,
	    GOOD("Issued in the last second of its signer.")},
	{OTHER(REQUEST, "good/request"),
	    GOOD("A request with every line it may have.")},
	{OTHER(REQUEST, "good/request-least"),
	    .absent = bit(REQUEST_LICENSE_ID) | bit(REQUEST_SEQUENCE) |
		bit(REQUEST_COUPON) | bit(REQUEST_CPU_MODEL) |
		bit(REQUEST_LOGICAL_CPUS) | bit(REQUEST_MEMORY) |
		bit(REQUEST_VIRTUALIZATION) | bit(REQUEST_INTERNAL) |
		bit(REQUEST_MACHINE_ID_HASH),
	    GOOD("Hardware that cannot be read is absent from a request.")},
	{OTHER(REFUSAL, "good/refusal"),
	    GOOD("A refusal with every line it may have.")},
	{OTHER(REFUSAL, "good/refusal-least"),
	    .absent = bit(REFUSED_LICENSE_ID) | bit(REFUSED_SEQUENCE) |
		bit(REFUSED_RETRY_AFTER) | bit(REFUSED_EXTERNAL),
	    GOOD("A refusal without the lines that may be absent.")},
	{OTHER(STATE, "good/state"), GOOD("An agent's memory.")},
	{OTHER(STATS, "good/stats"),
	    GOOD("A usage report with every line it may have.")},
	{OTHER(STATS, "good/stats-least"),
	    .absent = SAMPLE_ALL(STATS_FIELD_COUNT) & ~(bit(STATS_CREATED) |
		bit(STATS_AGENT_VERSION) | bit(STATS_PRODUCT)),
	    GOOD("What cannot be known is absent from a usage report.")},
	{OTHER(STATS, "good/stats-longest-line"),
	    EDIT("cpu-flags fpu vme de pse tsc msr pae mce",
		"cpu-flags " X256 X256 X256 X64 X64 X64),
	    GOOD("CPU flags of 960 bytes.")},
	{OTHER(TIME_RESET, "good/time-reset"), GOOD("A time reset.")},
	{OTHER(REVOKED, "good/revoked"), GOOD("A list with one signer.")},
	{OTHER(REVOKED, "good/revoked-none"), .absent = bit(REVOKED_KEYS),
	    GOOD("A list that revokes nobody.")},

	/* The frame. */
	{LICENSE("bad/empty"), .after = empty, BAD(EMPTY, "No byte at all.")},
	{LICENSE("bad/too-large"), .before = pad_to_limit, SEALED("", "\n"),
	    BAD(TOO_LARGE, "16385 bytes.")},
	{LICENSE("bad/not-ours"), EDIT("leaseline-", "license-"),
	    BAD(NOT_OURS, "Line 1 does not begin with leaseline-.")},
	{LICENSE("bad/bom-first"),
	    EDIT("leaseline-", "\xEF\xBB\xBFleaseline-"),
	    BAD(NOT_OURS, "A byte order mark stands before line 1.")},
	{LICENSE("bad/purpose-unknown"), EDIT("-license 1", "-lease 1"),
	    BAD(PURPOSE, "There is no purpose of this name.")},
	{OTHER(REQUEST, "bad/purpose-request"), .taken_as = PURPOSE_LICENSE,
	    BAD(PURPOSE, "A good request is no license.")},
	{LICENSE("bad/purpose-license"), .taken_as = PURPOSE_REFUSAL,
	    BAD(PURPOSE, "A good license is no refusal.")},
	{OTHER(STATE, "bad/purpose-state"), .taken_as = PURPOSE_REQUEST,
	    BAD(PURPOSE, "A good state is no request.")},
	{LICENSE("bad/version-2"), EDIT("-license 1", "-license 2"),
	    BAD(VERSION, "Version 2 is not known.")},
	{LICENSE("bad/version-01"), EDIT("-license 1", "-license 01"),
	    BAD(VERSION, "A version has no leading zero.")},
	{LICENSE("bad/version-cr"), EDIT("-license 1\n", "-license 1\r\n"),
	    BAD(VERSION, "Line 1 ends in CR LF.")},
	{LICENSE("bad/first-line-long"),
	    EDIT("-license 1", "-license 1 " X256 X256 X256 X256),
	    BAD(LINE_LONG, "Line 1 has no end within 1024 bytes.")},
	{LICENSE("bad/cut-half"), .after = halve,
	    BAD(CUT, "The second half is missing.")},
	{LICENSE("bad/cut-last-byte"), .after = drop_last_byte,
	    BAD(CUT, "The last LF is missing.")},
	{LICENSE("bad/cut-signature"), .after = drop_signature,
	    BAD(CUT, "There is no signature line.")},
	{LICENSE("bad/after-signature"), SEALED("", "\n"),
	    BAD(CUT, "An empty line follows the signature.")},
	{LICENSE("bad/after-signature-line"),
	    SEALED("", "optional-a b\n"),
	    BAD(CUT, "A line follows the signature.")},
	{LICENSE("bad/signature-cr"), SEALED("\nsignature", "\r\nsignature"),
	    BAD(SIGNATURE, "A CR was added before the signature line.")},
	{LICENSE("bad/signature-spaces"),
	    SEALED("\nsignature ", "\nsignature  "),
	    BAD(CUT, "The signature line is not 99 bytes long.")},

	/* Key lines. */
	{LICENSE("bad/key-name"), EDIT("signer ", "signor "),
	    BAD(KEY_LINES, "The second line is not the signer.")},
	{OTHER(REQUEST, "bad/key-request"), EDIT("machine-key ", "signer "),
	    BAD(KEY_LINES, "The second line of a request is machine-key.")},
	{LICENSE("bad/key-short"), EDIT("=\nsigner-until", "\nsigner-until"),
	    BAD(KEY_LINES, "The signer's base64 has no padding.")},
	{LICENSE("bad/key-date"), EDIT("2027-11-23T", "2027-02-30T"),
	    BAD(KEY_LINES, "There is no 30th of February.")},
	{LICENSE("bad/key-proof"), EDIT("signer-proof", "signer-prof"),
	    BAD(KEY_LINES, "The fourth line is not the proof.")},

	/* Trust. */
	{LICENSE("bad/other-root"), .root = SAMPLE_OTHER_ROOT,
	    BAD(UNKNOWN_KEY, "The proof is by a root that is not pinned.")},
	{LICENSE("bad/self-certified"), .root = SAMPLE_SIGNER,
	    BAD(UNKNOWN_KEY, "The signer certified itself.")},
	{LICENSE("bad/until-changed"),
	    EDIT("signer-until 2027", "signer-until 2037"),
	    BAD(UNKNOWN_KEY, "The signer gave itself ten years more.")},
	{LICENSE("bad/signer-over"), .until = SAMPLE_UNTIL_EARLY,
	    BAD(SIGNER_OVER, "Issued one second after its signer's end.")},
	{OTHER(REFUSAL, "bad/signer-over-refusal"),
	    .until = SAMPLE_UNTIL_EARLY,
	    BAD(SIGNER_OVER, "Refused one second after its signer's end.")},
	{OTHER(TIME_RESET, "bad/signer-over-time-reset"),
	    .until = SAMPLE_UNTIL_EARLY,
	    BAD(SIGNER_OVER, "Reset one second after its signer's end.")},
	{LICENSE("bad/revoked-signer"), .signer = SAMPLE_REVOKED_SIGNER,
	    .sealed_by = SAMPLE_REVOKED_SIGNER,
	    BAD(REVOKED, "Its signer is in good/revoked.lic.")},
	{LICENSE("bad/other-signer"), .sealed_by = SAMPLE_OTHER_SIGNER,
	    BAD(SIGNATURE, "Sealed by another key than its signer's.")},
	{LICENSE("bad/sealed-by-machine"), .sealed_by = SAMPLE_MACHINE,
	    BAD(SIGNATURE, "Sealed by the machine it is for.")},
	{LICENSE("bad/sealed-by-root"), .sealed_by = SAMPLE_ROOT,
	    BAD(SIGNATURE, "Sealed by the root: roots sign no license.")},
	{OTHER(REQUEST, "bad/other-machine"),
	    .sealed_by = SAMPLE_OTHER_MACHINE,
	    BAD(SIGNATURE, "Sealed by another machine's key.")},
	{OTHER(REVOKED, "bad/revoked-by-signer"), .sealed_by = SAMPLE_SIGNER,
	    BAD(SIGNATURE, "A signer cannot revoke: only a root can.")},
	{LICENSE("bad/changed"),
	    SEALED("bandwidth-mbits 100000", "bandwidth-mbits 900000"),
	    BAD(SIGNATURE, "The bandwidth was changed after sealing.")},
	{LICENSE("bad/purpose-changed"),
	    SEALED("leaseline-license", "leaseline-refusal"),
	    .taken_as = PURPOSE_REFUSAL,
	    BAD(SIGNATURE, "The purpose was changed after sealing.")},
	{LICENSE("bad/signature-spare-bits"), .after = set_spare_bits,
	    BAD(SIGNATURE, "The last digit has bits that mean nothing.")},
	{LICENSE("bad/signature-unreduced"), .after = unreduce,
	    BAD(SIGNATURE, "S is not below the order of the group.")},
	{OTHER(REQUEST, "bad/key-neutral"),
	    EDIT(KEY, NEUTRAL), .after = forge_under_neutral_key,
	    BAD(SIGNATURE,
		"Every message verifies under a key of small order.")},
	{OTHER(REQUEST, "bad/key-not-canonical"),
	    EDIT(KEY, NEUTRAL_P1), .after = forge_under_neutral_key,
	    BAD(SIGNATURE,
		"The neutral key again, with y not below the prime.")},
};

const size_t vectors_whole_count =
    sizeof(vectors_whole) / sizeof(vectors_whole[0]);
