//! WISPr 1.0: a program that signs in for its owner finds in the redirect's body, as XML in a
//! comment, where to go on; the portal answers it there.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, LOCATION, USER_AGENT};
use hyper::{Request, Response, StatusCode};

use super::{VALID, answer};

/// Whether a client calls itself a WISPr one. Apple's does so too, and wants none of it.
pub(super) fn is_asked_for(request: &Request<Incoming>) -> bool {
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.unwrap_or("").to_ascii_lowercase();
    agent.contains("wispr") && !agent.contains("captivenetworksupport")
}

/// A redirect with MessageType 110 (proxy notification) and where the client goes on.
pub(super) fn redirect(location: &str) -> Response<Full<Bytes>> {
    answer(StatusCode::FOUND)
        .header(LOCATION, location)
        .header(CONTENT_TYPE, "text/html; charset=utf-8")
        .body(Full::from(page(location)))
        .expect(VALID)
}

fn page(location: &str) -> String {
    // A serialized URL has neither `<` nor `>`.
    let next = location.replace('&', "&amp;");
    format!(
        "<!doctype html><title>WISPr</title>\n<!--\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <WISPAccessGatewayParam xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:noNamespaceSchemaLocation=\"http://www.acmewisp.com/WISPAccessGatewayParam.xsd\">\n\
         <Proxy>\n<MessageType>110</MessageType>\n<ResponseCode>200</ResponseCode>\n\
         <NextURL>{next}</NextURL>\n</Proxy>\n</WISPAccessGatewayParam>\n-->\n"
    )
}
