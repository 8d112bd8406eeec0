#include "providers/jwt.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>

#include "base/text.h"

namespace llmgw::providers {
namespace {

struct Free {
  void operator()(BIO* b) const { BIO_free(b); }
  void operator()(EVP_PKEY* k) const { EVP_PKEY_free(k); }
  void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
};

Result<std::unique_ptr<EVP_PKEY, Free>> rsa_key(const Secret& pem) {
  const std::unique_ptr<BIO, Free> bio(
      BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())));
  // A key that asks for a passphrase must not ask at a terminal.
  const auto none = [](char*, int, int, void*) { return 0; };
  std::unique_ptr<EVP_PKEY, Free> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, none, nullptr));
  if (!key) return fail(ErrorClass::bad_request, "is no private key in PEM, or has a passphrase");
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return fail(ErrorClass::bad_request, "is no RSA key");
  return key;
}

}  // namespace

std::string base64_url(std::string_view bytes) {
  std::string out = base64(bytes);
  while (out.ends_with('=')) out.pop_back();
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

Result<void> check_rsa_key(const Secret& pem) {
  auto key = rsa_key(pem);
  if (!key) return fail(std::move(key.error()));
  return {};
}

Result<std::string> sign_jwt(std::string_view header, std::string_view claims, const Secret& pem) {
  auto key = rsa_key(pem);
  if (!key) return fail(std::move(key.error()));
  std::string text = base64_url(header) + "." + base64_url(claims);
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  const auto* input = reinterpret_cast<const unsigned char*>(text.data());
  std::string signature(static_cast<size_t>(EVP_PKEY_get_size(key->get())), '\0');
  size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key->get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, input,
                     text.size()) != 1) {
    return fail(ErrorClass::bad_request, "cannot sign");
  }
  signature.resize(size);
  return text + "." + base64_url(signature);
}

}  // namespace llmgw::providers
