"""The ciphers against the standards' own vectors, and seals against anything that is not as it was."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from ticketing.privacy.sealing import AES_256_GCM, SM4_GCM, BrokenSealError, Suite, derive, frame, seal, unseal

KEY = bytes(range(32))
suites = pytest.mark.parametrize("suite", [AES_256_GCM, SM4_GCM], ids=lambda suite: suite.name)


def test_aes_256_gcm_gives_the_bytes_of_its_authors_test_case_16() -> None:
    # McGrew and Viega, The Galois/Counter Mode of Operation, appendix B, test case 16
    text = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
    nonce = bytes.fromhex("cafebabefacedbaddecaf888")
    bound = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")

    sealed = AES_256_GCM.encrypt(key, nonce, text, bound)

    assert sealed.hex() == (
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )
    assert AES_256_GCM.decrypt(key, nonce, sealed, bound) == text


def test_sm4_gcm_gives_the_bytes_of_rfc_8998() -> None:
    # RFC 8998, appendix A.1
    text = bytes.fromhex("".join(pair * 8 for pair in ("aa", "bb", "cc", "dd", "ee", "ff", "ee", "aa")))
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    nonce = bytes.fromhex("00001234567800000000abcd")
    bound = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")

    sealed = SM4_GCM.encrypt(key, nonce, text, bound)

    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert SM4_GCM.decrypt(key, nonce, sealed, bound) == text


def test_hkdf_gives_the_bytes_of_rfc_5869_and_derive_is_hkdf() -> None:
    # RFC 5869, appendix A.1
    first = HKDF(hashes.SHA256(), 42, bytes(range(13)), bytes(range(0xF0, 0xFA)))
    assert first.derive(b"\x0b" * 22).hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    label = b"\0\0\0\x07quhao 1\0\0\0\x04seal"
    assert derive(KEY, 32, b"seal") == HKDF(hashes.SHA256(), 32, None, label).derive(KEY)


@suites
@given(data=st.binary(max_size=300), bound=st.lists(st.binary(max_size=20), max_size=4))
def test_what_is_sealed_opens_again(suite: Suite, data: bytes, bound: list[bytes]) -> None:
    assert unseal(KEY, seal(suite, KEY, data, *bound), *bound) == data


@suites
@given(data=st.binary(max_size=100), place=st.integers(min_value=0), change=st.integers(1, 255))
def test_any_changed_byte_refuses(suite: Suite, data: bytes, place: int, change: int) -> None:
    sealed = bytearray(seal(suite, KEY, data, b"ticket", b"7"))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(BrokenSealError):
        unseal(KEY, bytes(sealed), b"ticket", b"7")


@suites
@given(bound=st.binary(min_size=1, max_size=40), place=st.integers(min_value=0), change=st.integers(1, 255))
def test_any_changed_byte_of_what_it_is_bound_to_refuses(suite: Suite, bound: bytes, place: int, change: int) -> None:
    sealed = seal(suite, KEY, b"a resident", bound)
    other = bytearray(bound)
    other[place % len(other)] ^= change
    with pytest.raises(BrokenSealError):
        unseal(KEY, sealed, bytes(other))


@suites
@given(garbage=st.binary(max_size=80))
def test_garbage_refuses_and_does_nothing_else(suite: Suite, garbage: bytes) -> None:
    with pytest.raises(BrokenSealError):
        unseal(KEY, bytes([suite.number]) + garbage)
    with pytest.raises(BrokenSealError):
        unseal(KEY, garbage)


@suites
def test_a_seal_that_was_cut_refuses_at_every_length(suite: Suite) -> None:
    sealed = seal(suite, KEY, b"a resident")
    for length in range(len(sealed)):
        with pytest.raises(BrokenSealError):
            unseal(KEY, sealed[:length])


@suites
def test_the_same_thing_never_looks_the_same_twice(suite: Suite) -> None:
    assert seal(suite, KEY, b"a resident") != seal(suite, KEY, b"a resident")


@given(first=st.lists(st.binary(max_size=5)), second=st.lists(st.binary(max_size=5)))
def test_different_parts_never_give_the_same_frame(first: list[bytes], second: list[bytes]) -> None:
    assert (frame(*first) == frame(*second)) == (first == second)
