# The audit log as a plain list: what the server has to answer, worked out the slow way.
package AuditModel;

use v5.36;
use utf8;
use Encode     qw(decode);
use File::Spec;
use File::Basename qw(dirname);
use List::Util qw(any max min);
use Mojo::File qw(path);
use Mojo::JSON qw(from_json to_json true false);
use Exporter 'import';

our @EXPORT_OK = qw(as_written canonical queries);

my $MARK      = "\x{e000}";
my $FOLDER    = path(dirname(File::Spec->rel2abs(__FILE__)))->dirname;
my %OLD_NAMES = (
  'checkpoint_permission.created' => 'checkpoint.permission.created',
  'checkpoint_permission.deleted' => 'checkpoint.permission.deleted',
);
my %TARGETS = map { $_->{type} => $_->{targets} } from_file('types.json')->@*;

sub queries () { return from_file('queries.json') }

sub from_file ($name) { return from_json(decode('UTF-8', $FOLDER->child($name)->slurp)) }

# Parses JSON bytes with numbers kept as they were written: as strings with a mark in front.
sub as_written ($bytes) {
  my $text = decode('UTF-8', $bytes, Encode::FB_CROAK);
  $text =~ s{("(?:[^"\\]++|\\.)*+")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)}{$1 // qq{"$MARK$2"}}ge;
  return from_json($text);
}

# Text that is equal for equal JSON only, whatever the order of members.
sub canonical ($value) {
  return 'null' if !defined $value;
  return '[' . join(',', map { canonical($_) } @$value) . ']' if ref $value eq 'ARRAY';
  if (ref $value eq 'HASH') {
    return '{' . join(',', map { to_json($_) . ':' . canonical($value->{$_}) } sort keys %$value) . '}';
  }
  return ref $value ? ($value ? 'true' : 'false') : to_json("$value");
}

sub new ($class, $file) {
  my $self = bless {entries => as_written(path($file)->slurp)}, $class;
  $self->{time}  = [map { substr $_->{effective_at}, 1 } $self->{entries}->@*];
  $self->{place} = {map { $self->{entries}[$_]{id} => $_ } 0 .. $self->{entries}->$#*};
  $self->{last_second} = max $self->{time}->@*;
  die 'the ids of the model are not unique' if keys $self->{place}->%* != $self->{entries}->@*;
  my @places = 0 .. $self->{entries}->$#*;
  my $time   = $self->{time};
  $self->{asc}  = \@places;
  $self->{desc} = [sort { $time->[$b] <=> $time->[$a] || $b <=> $a } @places];
  return $self;
}

# The query without anything that is newer than the model: entries which the set-up of the test
# wrote. Pages can then be compared exactly.
sub bounded ($self, $query) {
  my %times = ($query->{effective_at} // {})->%*;
  $times{lte} = min $times{lte} // $self->{last_second}, $self->{last_second};
  return {%$query, effective_at => \%times};
}

sub sequence ($self, $order) { return $self->{$order // 'desc'}->@* }

# Places of all matching entries, in the order of the answer.
sub list ($self, $query) {
  return grep { $self->matches($_, $query) } $self->sequence($query->{order});
}

# Places of the entries of one page, and whether there are more.
sub page ($self, $query) {
  my @sequence = $self->sequence($query->{order});
  my %rank     = map { $sequence[$_] => $_ } 0 .. $#sequence;
  my $begin    = defined $query->{after}  ? $rank{$self->{place}{$query->{after}}} + 1  : 0;
  my $end      = defined $query->{before} ? $rank{$self->{place}{$query->{before}}} - 1 : $#sequence;
  my @found    = grep { $self->matches($_, $query) } @sequence[$begin .. $end];
  my $limit    = $query->{limit} || 20;
  my $more     = @found > $limit;
  if ($more) {
    my $backwards = defined $query->{before} && !defined $query->{after};
    @found = $backwards ? @found[-$limit .. -1] : @found[0 .. $limit - 1];
  }
  return (\@found, $more);
}

# The page as the server has to print it.
sub answer ($self, $query) {
  my ($places, $more) = $self->page($query);
  my @data = map { $self->{entries}[$_] } @$places;
  return {
    object   => 'list',
    data     => \@data,
    first_id => @data ? $data[0]{id}  : undef,
    last_id  => @data ? $data[-1]{id} : undef,
    has_more => $more ? true : false,
  };
}

sub id ($self, $place) { return $self->{entries}[$place]{id} }

sub matches ($self, $place, $query) {
  my $entry = $self->{entries}[$place];
  return 0 if is_tenant_scoped($entry->{type}) != !!$query->{tenant_only};
  my ($time, $bounds) = ($self->{time}[$place], $query->{effective_at} // {});
  return 0 if defined $bounds->{gt}  && !($time > $bounds->{gt});
  return 0 if defined $bounds->{gte} && !($time >= $bounds->{gte});
  return 0 if defined $bounds->{lt}  && !($time < $bounds->{lt});
  return 0 if defined $bounds->{lte} && !($time <= $bounds->{lte});
  my $session = $entry->{actor} && $entry->{actor}{session} || {};
  my $key     = $entry->{actor} && $entry->{actor}{api_key} || {};
  my @people  = map { $_->{user} // {} } $session, $key;
  my @actors  = ((map { $_->{id} } @people), ($key->{service_account} // {})->{id}, $key->{id});
  return
       one_of($query->{project_ids}, ($entry->{project} // {})->{id})
    && one_of([map { $OLD_NAMES{$_} // $_ } ($query->{event_types} // [])->@*], $entry->{type})
    && one_of($query->{actor_ids}, @actors)
    && one_of([map { small($_) } ($query->{actor_emails} // [])->@*], map { small($_->{email}) } @people)
    && one_of($query->{resource_ids}, target_ids($entry));
}

sub one_of ($asked, @values) {
  return 1 if !$asked || !@$asked;
  my %asked = map { $_ => 1 } @$asked;
  return any { defined && $asked{$_} } @values;
}

sub is_tenant_scoped ($type) {
  return !!($type =~ /\A(?:tenant\..*|role\.bound_to_resource|role\.unbound_from_resource)\z/s);
}

sub small ($text) { return defined $text ? $text =~ tr/A-Z/a-z/r : undef }

sub target_ids ($entry) {
  my @found;
  for my $path (($TARGETS{$entry->{type}} // [])->@*) {
    my @values = $entry->{$entry->{type}};
    for my $step (split /\./, $path) {
      my $name = $step =~ s/\[\]\z//r;
      @values = map { ref eq 'HASH' ? $_->{$name} : () } @values;
      @values = map { ref eq 'ARRAY' ? @$_ : () } @values if $name ne $step;
    }
    push @found, @values;
  }
  return @found;
}

1;
