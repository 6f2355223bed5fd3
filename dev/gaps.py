"""What MiniStack lacks and every read of ours needs: answered in front of it, the rest passed on.

- ec2:DescribeVpcBlockPublicAccessOptions and servicequotas:GetServiceQuota, as a new account has them, and
  ec2:DescribeTransitGatewayVpcAttachments without any: MiniStack has no transit gateways.
- ec2:DescribeDhcpOptions, with the options that all of MiniStack's VPCs name and it does not list.
- AvailableIpAddressCount as EC2 counts it: MiniStack says 251 for every subnet, whatever its size.
- The subnets of a VPC's default network ACL, which MiniStack leaves out.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from urllib.parse import parse_qs

RESERVED_ADDRESSES = 5  # of each subnet: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
_BLOCK_PUBLIC_ACCESS = b"""<DescribeVpcBlockPublicAccessOptionsResponse>
<vpcBlockPublicAccessOptions><state>default-state</state><internetGatewayBlockMode>off</internetGatewayBlockMode>
</vpcBlockPublicAccessOptions></DescribeVpcBlockPublicAccessOptionsResponse>"""
_ATTACHMENTS = b"""<DescribeTransitGatewayVpcAttachmentsResponse><transitGatewayVpcAttachments/>
</DescribeTransitGatewayVpcAttachmentsResponse>"""
# https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html: the default set
_DHCP_OPTIONS = b"""<DescribeDhcpOptionsResponse><dhcpOptionsSet><item>
<dhcpOptionsId>dopt-00000001</dhcpOptionsId><dhcpConfigurationSet><item><key>domain-name-servers</key><valueSet><item><value>AmazonProvidedDNS</value></item>
</valueSet></item></dhcpConfigurationSet></item></dhcpOptionsSet></DescribeDhcpOptionsResponse>"""
_OF_A_NEW_ACCOUNT = {
    "DescribeDhcpOptions": _DHCP_OPTIONS,
    "DescribeVpcBlockPublicAccessOptions": _BLOCK_PUBLIC_ACCESS,
    "DescribeTransitGatewayVpcAttachments": _ATTACHMENTS,
}
_QUOTA = {
    "ServiceCode": "lambda",
    "QuotaCode": "L-9FEE3D26",
    "QuotaName": "Elastic network interfaces per VPC",
}
_SUBNET = re.compile(rb"<subnetId>(subnet-\w+)</subnetId>(?:(?!</item>).)*", re.DOTALL)
_CIDR = re.compile(rb"<cidrBlock>([\d./]+)</cidrBlock>")
_VPC = re.compile(rb"<vpcId>(vpc-\w+)</vpcId>")
_ACL = re.compile(
    rb"<networkAclId>(acl-\w+)</networkAclId>(?:(?!<networkAclId>).)*?<default>true</default>", re.DOTALL
)
_EMPTY_ASSOCIATIONS = re.compile(rb"<associationSet>\s*</associationSet>|<associationSet/>")
_ACL_SUBNET = re.compile(rb"<subnetId>(subnet-\w+)</subnetId>")
_FREE = re.compile(rb"(<availableIpAddressCount>)\d+(<)")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.used: Counter[str] = Counter()  # addresses taken, by subnet id
        self.vpcs: dict[bytes, bytes] = {}  # subnet id -> VPC id


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        form = parse_qs(sent.decode("latin-1")) if b"Action=" in sent[:4096] else {}
        action = form.get("Action", [""])[0]
        if action in _OF_A_NEW_ACCOUNT:
            self._send(200, {"Content-Type": "text/xml"}, _OF_A_NEW_ACCOUNT[action])
        elif self.headers.get("X-Amz-Target", "").endswith(".GetServiceQuota"):
            answer = json.dumps({"Quota": {**_QUOTA, "Value": 500.0}}).encode()
            self._send(200, {"Content-Type": "application/x-amz-json-1.1"}, answer)
        else:
            self._pass_on(sent, action, form)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _answer  # noqa: N815  the base class's names

    def _pass_on(self, sent: bytes, action: str, form: Mapping[str, list[str]]) -> None:
        behind = HTTPConnection(self.server.behind, timeout=60)
        try:
            behind.request(self.command, self.path, sent, dict(self.headers.items()))
            response = behind.getresponse()
            body, status, headers = response.read(), response.status, dict(response.getheaders())
        finally:
            behind.close()
        if action in ("CreateNetworkInterface", "CreateNatGateway") and "SubnetId" in form:
            self.server.used[form["SubnetId"][0]] += 1
        if action == "DeleteSubnet":
            self.server.vpcs.pop(form["SubnetId"][0].encode(), None)
        if action in ("DescribeSubnets", "CreateSubnet"):
            body = _SUBNET.sub(self._counted, body)
        if action == "DescribeNetworkAcls":
            body = self._with_subnets(body)
        self._send(status, headers, body)

    def _with_subnets(self, body: bytes) -> bytes:
        """Put a VPC's subnets, but for those of other ACLs, into its default ACL, where AWS puts new ones."""
        elsewhere = set(_ACL_SUBNET.findall(body))

        def associated(acl: re.Match[bytes]) -> bytes:
            vpc = _VPC.search(acl.group())
            subnets = [one for one, its in list(self.server.vpcs.items()) if vpc and its == vpc.group(1)]
            items = b"".join(
                b"<item><networkAclId>%s</networkAclId><subnetId>%s</subnetId></item>"
                % (acl.group(1), subnet)
                for subnet in subnets
                if subnet not in elsewhere
            )
            return acl.group() + b"<associationSet>" + items + b"</associationSet>"

        return _ACL.sub(associated, _EMPTY_ASSOCIATIONS.sub(b"", body))

    def _counted(self, subnet: re.Match[bytes]) -> bytes:
        text = subnet.group()
        if not (cidr := _CIDR.search(text)):
            return text
        if vpc := _VPC.search(text):
            self.server.vpcs[subnet.group(1)] = vpc.group(1)
        size = ip_network(cidr.group(1).decode()).num_addresses
        free = size - RESERVED_ADDRESSES - self.server.used[subnet.group(1).decode()]
        return _FREE.sub(rb"\g<1>%d\g<2>" % max(free, 0), text)

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def filled(url: str) -> Iterator[str]:
    """Serve a URL that answers as MiniStack at `url` does, gaps filled; for as long as the context lasts."""
    server = _Server(url.removeprefix("http://"))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
