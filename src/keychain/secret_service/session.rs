//! The encrypted session, `dh-ietf1024-sha256-aes128-cbc-pkcs7`: a secret crosses the bus
//! only as ciphertext, under a key that exists for one connection.
//!
//! It keeps tokens out of the bus daemon's memory and out of a bus monitor's view. It does not
//! prove who the other side is: the owner of the service's name on the user's own bus gets the
//! secrets.
//!
//! The group (RFC 2409, second Oakley group) is small by today's measure and the only one in the
//! specification. Private exponents have 256 random bits, and the modular power is constant-time.
//! Three guards are here for `KWallet`, whose numbers lose or gain leading zeros: see
//! [`KeyPair::generate`] and [`KeyPair::agree`].

use super::wire::ObjectPath;
use crate::error::Error;
use crate::hardening;
use crate::keychain::random::random;
use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{CtAssign, CtEq, U256, U1024, const_monty_params};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The algorithm's name.
pub(super) const ALGORITHM: &str = "dh-ietf1024-sha256-aes128-cbc-pkcs7";

/// Bytes in a number of the group.
const NUMBER: usize = 128;

/// Bytes in a block of the cipher, in its key and in an initialisation vector.
const BLOCK: usize = 16;

const_monty_params!(
    Group,
    U1024,
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74\
     020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437\
     4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
     EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    "RFC 2409, section 6.2."
);

type Number = ConstMontyForm<Group, { U1024::LIMBS }>;

/// The group's prime.
const PRIME: U1024 = *<Group as crypto_bigint::modular::ConstMontyParams<{ U1024::LIMBS }>>::PARAMS
    .modulus()
    .as_ref();

/// The number of bits of the exponent, spread over all of it, that [`power_of_two`] takes in one
/// step.
const TEETH: u32 = 4;

/// The distance between those bits.
const STRIDE: u32 = U256::BITS / TEETH;

/// The product of 2^(2^(i·[`STRIDE`])) over all bits i that are set in the index.
static COMB: [Number; 1 << TEETH] = {
    let mut products = [Number::ONE; 1 << TEETH];
    let mut power = Number::new(&U1024::from_u8(2));
    let mut index = 1;
    while index < products.len() {
        // The highest bit's power, times the product for the other bits.
        let others = index & !(1 << index.ilog2());
        if others == 0 && index > 1 {
            power = power.square_repeat_vartime(STRIDE);
        }
        products[index] = Number::mul(&products[others], &power);
        index += 1;
    }
    products
};

/// Returns two to the power of an exponent, in constant time. The compiler computes the part that
/// does not depend on the exponent, which leaves less than half of a general power's work.
fn power_of_two(exponent: &U256) -> Number {
    let mut number = Number::ONE;
    for step in (0..STRIDE).rev() {
        let index: u8 = (0..TEETH).map(|i| exponent.bit(step + i * STRIDE).to_u8() << i).sum();
        let mut factor = COMB[0];
        for (i, product) in (0..).zip(&COMB) {
            factor.ct_assign(product, i.ct_eq(&index));
        }
        number = number.square().mul(&factor);
    }
    number
}

/// The key on which both sides agree.
pub(super) type Key = Zeroizing<[u8; BLOCK]>;

/// Our half of a key agreement.
pub(super) struct KeyPair {
    exponent: Zeroizing<U256>,
    public: [u8; NUMBER],
}

impl KeyPair {
    /// Draws a key pair.
    ///
    /// First guard: where our public number starts with 0xff, `KWallet` at times computes another
    /// key. Then the next exponents are tried, each of which costs one doubling.
    pub(super) fn generate() -> Result<Self, Error> {
        Ok(Self::from_exponent(&*random()?))
    }

    #[inline(never)]
    fn from_exponent(exponent: &[u8; 32]) -> Self {
        let mut exponent = Zeroizing::new(U256::from_be_slice(exponent));
        let mut number = power_of_two(&exponent);
        let mut public = [0; NUMBER];
        loop {
            public.copy_from_slice(number.retrieve().to_be_bytes().as_ref());
            if public[0] != 0xff {
                return Self { exponent, public };
            }
            *exponent = exponent.wrapping_add(&U256::ONE);
            number = number.double();
        }
    }

    /// Returns our public number, for the other side.
    pub(super) fn public(&self) -> &[u8] {
        &self.public
    }

    /// Returns the key that follows from the other side's public number, or nothing where the two
    /// sides may compute different ones and another pair should be tried.
    ///
    /// Second guard: the other side's number may have a zero in front, or lack bytes. Third guard:
    /// where the shared number starts with a zero byte, `KWallet` hashes it without that byte, and
    /// others hash it with it.
    pub(super) fn agree(&self, their_public: &[u8]) -> Result<Option<Key>, Error> {
        let key = self.agree_inner(their_public);
        hardening::wipe_stack();
        key
    }

    #[inline(never)]
    fn agree_inner(&self, their_public: &[u8]) -> Result<Option<Key>, Error> {
        const NO_NUMBER: Error = Error::Keychain("it offered a key that is none");
        let zeros = their_public.iter().take_while(|&&b| b == 0).count();
        let theirs = &their_public[zeros..];
        let mut padded = [0; NUMBER];
        let start = NUMBER.checked_sub(theirs.len()).ok_or(NO_NUMBER)?;
        padded[start..].copy_from_slice(theirs);
        let theirs = U1024::from_be_slice(&padded);
        // With 0, 1 or -1 everybody would know the shared number.
        if theirs <= U1024::ONE || theirs >= PRIME.wrapping_sub(&U1024::ONE) {
            return Err(NO_NUMBER);
        }
        let shared = Zeroizing::new(Number::new(&theirs).pow(&self.exponent).retrieve());
        let mut bytes = Zeroizing::new([0; NUMBER]);
        bytes.copy_from_slice(Zeroizing::new(shared.to_be_bytes()).as_ref());
        if bytes[0] == 0 {
            return Ok(None);
        }
        let mut key = Key::default();
        Hkdf::<Sha256>::new(None, &*bytes)
            .expand(&[], &mut *key)
            .map_err(|_| Error::Keychain("no key could be derived"))?;
        Ok(Some(key))
    }
}

/// An open session.
pub(super) struct Session {
    path: ObjectPath,
    key: Agreement,
}

/// The state of the key agreement.
enum Agreement {
    /// Our key pair and the other side's public number.
    Possible(KeyPair, Vec<u8>),
    Reached(Key),
}

/// A secret as it crosses the bus.
pub(super) struct Sealed {
    /// The initialisation vector.
    pub(super) vector: [u8; BLOCK],
    /// The ciphertext.
    pub(super) bytes: Vec<u8>,
}

impl Session {
    pub(super) fn new(path: ObjectPath, pair: KeyPair, their_public: Vec<u8>) -> Self {
        Self { path, key: Agreement::Possible(pair, their_public) }
    }

    /// Returns the session's path on the service's side.
    pub(super) fn path(&self) -> &ObjectPath {
        &self.path
    }

    /// Computes the key if that is still to be done. Returns whether the session can be used.
    pub(super) fn agree(&mut self) -> Result<bool, Error> {
        if let Agreement::Possible(pair, their_public) = &self.key {
            match pair.agree(their_public)? {
                Some(key) => self.key = Agreement::Reached(key),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    fn key(&self) -> Result<&Key, Error> {
        match &self.key {
            Agreement::Reached(key) => Ok(key),
            Agreement::Possible(..) => Err(Error::Transient("its session has no key")),
        }
    }

    /// Encrypts a secret that comes in pieces, without joining them.
    pub(super) fn seal(&self, secret: &[&[u8]]) -> Result<Sealed, Error> {
        let vector = random::<BLOCK>()?;
        let bytes = encrypt(self.key()?, &vector, secret);
        hardening::wipe_stack();
        Ok(Sealed { vector: *vector, bytes })
    }

    /// Decrypts a secret. With a wrong key the padding is wrong, but once in 256 times the result
    /// is garbage.
    pub(super) fn open(&self, vector: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let secret = decrypt(self.key()?, vector, sealed);
        hardening::wipe_stack();
        secret
    }
}

// Not inlined, so that the cipher's remains on the stack lie below its callers, where `wipe_stack`
// reaches them.
#[inline(never)]
fn encrypt(key: &Key, vector: &[u8; BLOCK], secret: &[&[u8]]) -> Vec<u8> {
    let length: usize = secret.iter().map(|piece| piece.len()).sum();
    let mut sealed = Vec::with_capacity(length + BLOCK);
    let mut cipher = cbc::Encryptor::<Aes128>::new((&**key).into(), vector.into());
    // PKCS #7: the padding fills the last block, or is a whole one; each byte of it is its length.
    let padding = BLOCK - length % BLOCK;
    let padding = [padding.to_le_bytes()[0]; BLOCK].into_iter().take(padding);
    let mut block = Zeroizing::new([0; BLOCK]);
    let mut filled = 0;
    for byte in secret.iter().copied().flatten().copied().chain(padding) {
        block[filled] = byte;
        filled += 1;
        if filled == BLOCK {
            cipher.encrypt_block((&mut *block).into());
            sealed.extend_from_slice(&*block);
            filled = 0;
        }
    }
    sealed
}

#[inline(never)]
fn decrypt(key: &Key, vector: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let vector: &[u8; BLOCK] = vector.try_into().map_err(|_| Error::Damaged)?;
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let cipher = cbc::Decryptor::<Aes128>::new((&**key).into(), vector.into());
    let length = cipher.decrypt_padded::<Pkcs7>(&mut bytes).map_err(|_| Error::Damaged)?.len();
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{KeyPair, Number, Session, power_of_two};
    use crate::error::Error;
    use crate::keychain::secret_service::wire::ObjectPath;
    use crypto_bigint::{U256, U1024};

    // Computed with Python's integers and hashlib: exponents 01 02 … 20 and 65 66 … 84.
    const PUBLIC: &str = "457120764f3a1e6fd58103e41a4093a6c8bc1d97cb8759de41c21afdd2d3048a\
                          5ef3d88ce24aa6ba4fe30bcfb0b0f75abf1a8aeaff3723f1bf53740c902005e1\
                          199fabad7c538e94a7034fd585339a02f3634893f748929d2a7257643e398130\
                          541ae64124c17d4507a97f1cbebeb7b933642b8df479eb59e36cfeffbf1671dd";
    const THEIR_PUBLIC: &str = "1d6868bb9c5ea1e21a0451a13a885425c466873f65dbc40a88e0d6cf21859c54\
                                86f5d0ffb492b47e3c24f175a4cf4611570d28cadaf5fe69d454dde9d9159022\
                                697e7c9b7c87357481bcbaf3bbbd1eb583009f1043df89d887b73e4596661ce5\
                                2de132a92ffb40bc74fef7811fb924a7a1827a539c732f2681bf46865c24d015";
    const KEY: &str = "5a8930dd50f366b87cfd29d479726311";
    /// A number that starts with a zero byte, which is left out here.
    const SHORT_PUBLIC: &str = "23cfb844fa9aff1904897e95e71384c22ce31ac18836804eac626dcb950ed4\
                                0b3675792114435a88e452f8d3d9f041e5ff4f2f982222294aaf56c23d46b4a6\
                                1b5f661cc5111178fe84b3f78d30b2247b19d66fa16e4be70cc8d125de4b294b\
                                01eb415a970b292c72771696046b21f2a4a3d9202dd94f977bc495813e9346e8";
    const SHORT_KEY: &str = "23af73f44f24f990774f0f15900da3c6";
    /// With this number and the first exponent the shared number starts with a zero byte.
    const DISPUTED_PUBLIC: &str = "cd751301ca6042fd5d91fa71baf2e66130014d14a2b070a126de16cd3612980b\
                                   36a7701f622b631d7c988607fef96f669c5cdd3e9b88ef4c2802c651ab72083c\
                                   b9c885dab7be789da290eda671be90b938def0891c07160a32bf0a195ef0383c\
                                   1711ca7335701cca268fb4c3366648e733c14dfe18eeb81783a23546c30f207b";

    fn bytes(hex: &str) -> Vec<u8> {
        let digit =
            |b: u8| u8::try_from(char::from(b).to_digit(16).expect("hex")).expect("a digit");
        hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }

    fn pair(first: u8) -> KeyPair {
        let mut exponent = [0; 32];
        exponent.iter_mut().zip(first..).for_each(|(byte, value)| *byte = value);
        KeyPair::from_exponent(&exponent)
    }

    fn key(pair: &KeyPair, their_public: &[u8]) -> Option<Vec<u8>> {
        pair.agree(their_public).expect("a number").map(|key| key.to_vec())
    }

    fn session() -> Session {
        let path = ObjectPath::new("/s").expect("a path");
        let mut session = Session::new(path, pair(1), bytes(THEIR_PUBLIC));
        assert!(session.agree().expect("a number"));
        session
    }

    #[test]
    fn the_key_is_what_others_compute() {
        assert_eq!(pair(1).public(), bytes(PUBLIC));
        assert_eq!(pair(101).public(), bytes(THEIR_PUBLIC));
        assert_eq!(key(&pair(1), &bytes(THEIR_PUBLIC)), Some(bytes(KEY)));
        assert_eq!(key(&pair(101), &bytes(PUBLIC)), Some(bytes(KEY)));
    }

    #[test]
    fn a_power_of_two_is_what_the_general_power_gives() {
        let all = U256::MAX;
        let some = *pair(200).exponent;
        for exponent in [U256::ZERO, U256::ONE, all, some, some.not(), all.shl(255)] {
            let expected = Number::new(&U1024::from_u8(2)).pow(&exponent);
            assert_eq!(power_of_two(&exponent), expected, "{exponent}");
        }
    }

    #[test]
    fn zeros_in_front_of_their_number_are_added_and_removed() {
        let longer = [&[0], &*bytes(THEIR_PUBLIC)].concat();
        assert_eq!(key(&pair(1), &longer), Some(bytes(KEY)));
        assert_eq!(bytes(SHORT_PUBLIC).len(), 127);
        assert_eq!(key(&pair(1), &bytes(SHORT_PUBLIC)), Some(bytes(SHORT_KEY)));
    }

    #[test]
    fn a_key_that_the_two_sides_may_compute_differently_is_not_used() {
        assert_eq!(key(&pair(1), &bytes(DISPUTED_PUBLIC)), None);
        for _ in 0..64 {
            assert_ne!(KeyPair::generate().expect("random numbers").public()[0], 0xff);
        }
    }

    #[test]
    fn numbers_that_would_give_the_key_away_are_refused() {
        let prime = format!(
            "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74{}{}{}",
            "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437",
            "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED",
            "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
        );
        let minus_one = format!("{}E", &prime[..255]);
        for number in
            [&[][..], &[0; 128], &[1], &bytes(&prime), &bytes(&minus_one), &[0xff; 128], &[1; 129]]
        {
            assert!(pair(1).agree(number).is_err());
        }
    }

    #[test]
    fn what_was_sealed_is_opened() {
        let session = session();
        for length in [0, 1, 15, 16, 17, 93, 5000] {
            let secret = vec![b'x'; length];
            let (one, two) = secret.split_at(length / 3);
            let sealed = session.seal(&[one, b"", two]).expect("sealed");
            assert!(!sealed.bytes.windows(8).any(|window| window == b"xxxxxxxx"));
            let opened = session.open(&sealed.vector, &sealed.bytes).expect("opened");
            assert_eq!(*opened, secret);
        }
    }

    #[test]
    fn no_vector_is_used_twice() {
        let seal = || session().seal(&[b"ghp_TESTONLY"]).expect("sealed");
        assert_ne!(seal().vector, seal().vector);
    }

    #[test]
    fn ciphertext_of_an_impossible_length_is_damaged() {
        let session = session();
        for (vector, sealed) in [(16, 0), (16, 15), (16, 17), (15, 16), (0, 16)] {
            let opened = session.open(&vec![0; vector], &vec![0; sealed]);
            assert!(matches!(opened, Err(Error::Damaged)), "{vector} {sealed}");
        }
    }
}
