# The operator's message centre: speaks SMPP by Net::SMPP, says what comes and sends receipts.
# Numbers that end in 9 are of telephones that are switched off.
use strict;
use warnings;
use Net::SMPP;

my ($host, $port, $id) = (@ARGV, 0);
$| = 1;
my $listener = Net::SMPP->new_listen($host, port => $port) or die "$host:$port: $!\n";
print "listens\n";
while (my $link = $listener->accept) {
    while (my $pdu = $link->read_pdu) {
        my $seq = $pdu->{seq};
        if ($pdu->{cmd} == Net::SMPP::CMD_bind_transceiver) {
            die "a stranger\n" if "$pdu->{system_id}:$pdu->{password}" ne 'city:operator';
            $link->bind_transceiver_resp(system_id => 'operator', seq => $seq);
            print "bound\n";
        } elsif ($pdu->{cmd} == Net::SMPP::CMD_submit_sm) {
            $id++;
            printf "took %s %d %s\n", @$pdu{qw(destination_addr data_coding)}, unpack 'H*', $pdu->{short_message};
            $link->submit_sm_resp(message_id => $id, seq => $seq);
            my $fate = $pdu->{destination_addr} =~ /9$/ ? 'UNDELIV' : 'DELIVRD';
            my $receipt = "id:$id sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:$fate err:000 text:";
            $link->deliver_sm(
                source_addr => $pdu->{destination_addr},
                destination_addr => $pdu->{source_addr},
                esm_class => 0x04,
                short_message => $receipt,
                async => 1,
            ) if $pdu->{registered_delivery} & 1;
        } elsif ($pdu->{cmd} == Net::SMPP::CMD_enquire_link) {
            $link->enquire_link_resp(seq => $seq);
        }
    }
}
